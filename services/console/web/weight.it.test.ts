// What the browser reads before it shows anything, and what it may read later.
import { expect, test } from "vitest";
import { startFakeBackend } from "./testing.ts";

test("opening the page reads at most 300 kB; with all that it may read later it is 320 kB", async () => {
  await using backend = await startFakeBackend();
  const first = ["index.html", "main.js", "main.css", "icon.svg"];
  const opened = await weightOf(backend.url, first, /(?:from|import)"\.\/([^"]+)"/g);
  expect(opened.weight).toBeLessThanOrEqual(300_000);
  const all = await weightOf(backend.url, first, /(?:from|import)\(?"\.\/([^"]+)"/g);
  expect(all.names.filter((name) => !opened.names.includes(name)).join()).toContain(
    "backfill-form",
  );
  expect(all.weight).toBeLessThanOrEqual(320_000);
});

/** Of these files and what they import. */
async function weightOf(url: string, first: readonly string[], imports: RegExp) {
  const names = [...first];
  let weight = 0;
  for (const name of names) {
    const response = await fetch(`${url}/${name}`);
    expect(response.ok).toBe(true);
    const text = await response.text();
    weight += Buffer.byteLength(text);
    for (const [, imported = ""] of name.endsWith(".js") ? text.matchAll(imports) : [])
      if (!names.includes(imported)) names.push(imported);
  }
  return { names, weight };
}
