// What `npm run generate` writes, and how it sees that something is not current.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { consumersOf, streams } from "../libs/contracts/src/index.ts";
import { temporaryFolder } from "../tests/support/temporary-folder.ts";
import { driftOf, repair, type GeneratedFiles } from "./generate/files.ts";
import { covers, topologyPage } from "./generate/topology-page.ts";

const root = path.dirname(import.meta.dirname);

describe("files", () => {
  const wanted: GeneratedFiles = {
    contents: new Map([
      ["docs/page.md", "page"],
      ["gen/a/one.ts", "one"],
      ["gen/two.ts", "two"],
    ]),
    folders: ["gen"],
  };

  test("what is missing, other or too much is seen, mended, and then gone", async () => {
    await using folder = await temporaryFolder("generate");
    await mkdir(path.join(folder.path, "gen/a"), { recursive: true });
    await mkdir(path.join(folder.path, "docs"));
    await writeFile(path.join(folder.path, "docs/page.md"), "page");
    await writeFile(path.join(folder.path, "docs/mine.md"), "by a person");
    await writeFile(path.join(folder.path, "gen/a/one.ts"), "edited");
    await writeFile(path.join(folder.path, "gen/a/old.ts"), "of a message that is gone");
    const drift = await driftOf(folder.path, wanted);
    expect(drift).toEqual([
      { path: "gen/a/old.ts", what: "too much" },
      { path: "gen/a/one.ts", what: "differs" },
      { path: "gen/two.ts", what: "missing" },
    ]);
    await repair(folder.path, wanted, drift);
    expect(await driftOf(folder.path, wanted)).toEqual([]);
    expect(await readFile(path.join(folder.path, "docs/mine.md"), "utf8")).toBe("by a person");
  });

  test("a folder that is not there is a folder without files", async () => {
    await using folder = await temporaryFolder("generate");
    const drift = await driftOf(folder.path, wanted);
    expect(drift.map(({ what }) => what)).toEqual(["missing", "missing", "missing"]);
  });
});

describe("the topology page", () => {
  test("is current", async () => {
    const page = await readFile(path.join(root, "docs/topology.md"), "utf8");
    expect(page === topologyPage(), "run `npm run generate`").toBe(true);
  });

  test("names every stream and consumer, and who says and reads what", () => {
    const page = topologyPage();
    for (const stream of Object.keys(streams)) expect(page).toContain(`| \`${stream}\` |`);
    for (const durable of Object.keys(consumersOf({ sources: [], runners: {} })))
      expect(page).toContain(`| \`${durable}\` |`);
    expect(page).toContain(
      "| `chasqui.event.<what>.<dag>.<run>` | `state-machine` | `scheduler`, `alert-notifier`, `state-machine`, `sensor-runner`, `console` |",
    );
    expect(page).toContain(
      "| `chasqui.task.<kind>.<attempt>` | `state-machine` | the runner of the kind |",
    );
    expect(page).toContain(
      "| `$KV.CHASQUI_KINDS.<kind>` | the runner of the kind | `state-machine`, `console` |",
    );
  });

  test.each([
    ["a.*.c", "a.b.c", true],
    ["a.*.c", "a.b.d", false],
    ["a.*", "a.b.c", false],
    ["a.>", "a.b.c", true],
    ["a.>", "a", false],
    ["a.b.c", "a.b", false],
  ])("%s covers %s: %s", (pattern, subject, isCovered) => {
    expect(covers(pattern, subject)).toBe(isCovered);
  });
});
