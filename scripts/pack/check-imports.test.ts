// What a package may import when nothing of the workspace is there.
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../tests/support/temporary-folder.ts";
import { danglingImports } from "./check-imports.ts";
import { packedManifest } from "./manifest.ts";

const library = (name: string, dependencies: Record<string, string>) =>
  packedManifest({
    name,
    version: "1.0.0",
    license: "Apache-2.0",
    type: "module",
    exports: { ".": "./src/index.ts", "./text": "./src/text/index.ts", "./testing": "./src/t.ts" },
    dependencies,
  });
const manifests = [
  library("@chasqui/a", { "@chasqui/b": "1.0.0", nats: "2.0.0" }),
  library("@chasqui/b", {}),
] as const;

async function setup(files: Readonly<Record<string, string>>) {
  const folder = await temporaryFolder("pack");
  for (const [name, text] of Object.entries({
    "dist/there.js": "",
    "dist/there.d.ts": "",
    ...files,
  })) {
    await mkdir(path.dirname(path.join(folder.path, name)), { recursive: true });
    await writeFile(path.join(folder.path, name), text);
  }
  return folder;
}

test.each([
  ["a neighbour", "x.js", 'import { a } from "./there.js";'],
  ["a neighbour's types, by the source's name", "x.d.ts", 'import type { A } from "./there.ts";'],
  ["a built-in module", "x.js", 'import path from "node:path";'],
  ["a dependency", "x.js", 'import { connect } from "nats";'],
  ["a door of ours", "x.js", 'import { b } from "@chasqui/b/text";'],
  ["no import: a text", "x.js", 'export const from = "nowhere";\nconst text = `import "x"`;'],
])("%s is found", async (_, file, text) => {
  await using folder = await setup({ [`dist/${file}`]: text });
  const [manifest, other] = manifests;
  const packages = [
    { folder: folder.path, manifest },
    { folder: path.join(folder.path, "other"), manifest: other },
  ];
  expect(danglingImports(packages)).toEqual([]);
});

test.each([
  ["./gone.js", "x.js", 'export { a } from "./gone.js";'],
  ["./gone.ts", "x.d.ts", 'export type A = import("./gone.ts").A;'],
  ["./gone.js", "x.js", 'const a = await import("./gone.js");'],
  ["./gone.js", "x.js", 'import {\n  a,\n} from "./gone.js";'],
  ["pino", "x.js", 'import { pino } from "pino";'],
  ["@chasqui/b/inside", "x.js", 'import { b } from "@chasqui/b/inside";'],
  ["@chasqui/b/testing", "x.js", 'import { b } from "@chasqui/b/testing";'],
])("%s in %s is not", async (from, file, text) => {
  await using folder = await setup({ [`dist/${file}`]: text });
  const [manifest, other] = manifests;
  const packages = [
    { folder: folder.path, manifest },
    { folder: path.join(folder.path, "other"), manifest: other },
  ];
  expect(danglingImports(packages)).toEqual([`@chasqui/a dist/${file}: imports ${from}`]);
});

test("doors lead to built files, and those for tests are not there", () => {
  expect(manifests[0].exports).toEqual({
    ".": { types: "./dist/index.d.ts", default: "./dist/index.js" },
    "./text": { types: "./dist/text/index.d.ts", default: "./dist/text/index.js" },
  });
});
