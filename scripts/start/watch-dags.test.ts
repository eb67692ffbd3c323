// Files that are saved while `npm start` begins.
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../tests/support/temporary-folder.ts";
import { openWatch } from "./watch-dags.ts";

test("what was saved before anybody listened is told to who comes", async () => {
  await using folder = await temporaryFolder("watch");
  const stopping = new AbortController();
  const saved = openWatch(folder.path, stopping.signal);
  for (const name of ["one.yaml", "two.yaml"]) await writeFile(path.join(folder.path, name), "");
  const names = new Set<unknown>();
  for await (const [, name] of saved) if (names.add(name).size === 2) break;
  stopping.abort();
  expect(names).toEqual(new Set(["one.yaml", "two.yaml"]));
});
