// Each service's README lists the settings that its settings.ts reads, and no others.
import { existsSync } from "node:fs";
import path from "node:path";
import { globSync } from "node:fs";
import { expect, test } from "vitest";
import { readPage, root } from "./support/pages.ts";

const written = globSync("services/*/README.md", { cwd: root }).filter((page) =>
  existsSync(path.join(root, path.dirname(page), "src/settings.ts")),
);

/** Every variable that is asked for; that they are missing is the point. */
async function variablesOf(service: string): Promise<Set<string>> {
  const file = path.join(root, service, "src/settings.ts");
  const module: Readonly<Record<string, unknown>> = await import(file);
  const read = module["readSettings"] ?? module["settingsOf"];
  if (typeof read !== "function") throw new Error(`${file} exports no reader`);
  const names = new Set<string>();
  const env = new Proxy<Record<string, string>>(
    {},
    { get: (_, name) => void names.add(String(name)) },
  );
  expect(() => read(env)).toThrow("is missing");
  return names;
}

test.each(written)("%s", async (page) => {
  const read = await variablesOf(path.dirname(page));
  const text = readPage(page);
  const table = text.slice(text.indexOf("## Settings")).split(/\n## (?!Settings)/)[0] ?? "";
  const everywhere =
    /^CHASQUI_(ENVIRONMENT|HEALTH_PORT|STOP_DEADLINE_MS|NATS_\w+|DATABASE_\w+|GRPC_PORT|ENVIRONMENT_FILE)$/;
  const missing = [...read].filter(
    (name) => !everywhere.test(name) && !table.includes(`\`${name}\``),
  );
  expect(missing).toEqual([]);
  const listed = [...table.matchAll(/^\|.*?\|/gm)].flatMap(
    ([cell]) => cell.match(/CHASQUI_\w+/g) ?? [],
  );
  const elsewhere = /^CHASQUI_(HEALTH_HOST|GRPC_HOST|LOG_LEVEL|SERVER)$/;
  expect(listed.filter((name) => !read.has(name) && !elsewhere.test(name))).toEqual([]);
  expect(listed.length).toBeGreaterThan(3);
});
