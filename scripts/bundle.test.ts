// Bundles of a small workspace of the test's own: what is in them, when they are made again, that they run.
import { execFileSync, spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { bundleAll } from "./bundle.ts";

function setUp() {
  const root = mkdtempSync(path.join(tmpdir(), "chasqui-bundle-"));
  const write = (file: string, text: string): void => {
    const full = path.join(root, file);
    mkdirSync(path.dirname(full), { recursive: true });
    writeFileSync(full, text);
    utimesSync(full, new Date(), new Date(Date.now() - 60_000)); // saved before this build, not during it
  };
  write("package.json", `{ "type": "module" }`);
  write("services/echo/src/main.ts", `import { say } from "./say.ts"; console.log(say("hello"));`);
  write("services/echo/src/say.ts", "export const say = (text: string) => text;");
  write("services/echo/drizzle/0000_init.sql", "select 1;");
  write("services/echo/drizzle/meta/_journal.json", "{}");
  write("libs/cli/src/main.ts", "console.log('cli');");
  const bundle = async (only?: readonly string[]) => {
    const bundles = await bundleAll(only === undefined ? { root } : { root, only });
    return Object.fromEntries(bundles.map((one) => [one.name, one]));
  };
  return { root, write, bundle, [Symbol.dispose]: () => rmSync(root, { recursive: true }) };
}

const run = (file: string | undefined): string =>
  execFileSync(process.execPath, [file ?? ""], { encoding: "utf8" }).trim();

test("each target becomes a program with its data beside it", async () => {
  using t = setUp();
  const { echo, chasqui } = await t.bundle();
  expect(run(echo?.file)).toBe("hello");
  expect(run(chasqui?.file)).toBe("cli");
  const folder = path.dirname(echo?.file ?? "");
  expect(readFileSync(path.join(folder, "drizzle/0000_init.sql"), "utf8")).toBe("select 1;");
});

test("K1. it is made again when a source, an asset or the packages changed, and only then", async () => {
  using t = setUp();
  const first = (await t.bundle(["echo"]))["echo"];
  expect(first?.built).toBe(true);
  expect((await t.bundle(["echo"]))["echo"]).toEqual({ ...first, built: false });
  const changes: [string, string][] = [
    ["services/echo/src/say.ts", "export const say = (text: string) => text.toUpperCase();"],
    ["services/echo/drizzle/0000_init.sql", "select 2;"],
    ["package.json", `{ "type": "module", "version": "2" }`],
  ];
  for (const [file, text] of changes) {
    t.write(file, text);
    expect((await t.bundle(["echo"]))["echo"]?.built).toBe(true);
    expect((await t.bundle(["echo"]))["echo"]?.built).toBe(false);
  }
  expect(run((await t.bundle(["echo"]))["echo"]?.file)).toBe("HELLO");
});

test("a file that was only touched, or changed back, is the same", async () => {
  using t = setUp();
  const first = (await t.bundle(["echo"]))["echo"];
  t.write("services/echo/src/say.ts", "export const say = (text: string) => text;");
  expect((await t.bundle(["echo"]))["echo"]).toEqual({ ...first, built: false });
  t.write("services/echo/src/say.ts", "export const say = () => 'other';");
  expect(run((await t.bundle(["echo"]))["echo"]?.file)).toBe("other");
  t.write("services/echo/src/say.ts", "export const say = (text: string) => text;");
  expect((await t.bundle(["echo"]))["echo"]?.file).toBe(first?.file);
});

test("the launcher of a clone runs the bundle of its source while nothing is touched, else the source", async () => {
  using t = setUp();
  const launcher = path.join(t.root, "libs/cli/bin/chasqui.mjs");
  t.write("libs/cli/bin/chasqui.mjs", readFileSync("libs/cli/bin/chasqui.mjs", "utf8"));
  t.write("libs/cli/src/main.ts", "console.log(import.meta.filename)");
  const source = path.join(t.root, "libs/cli/src/main.ts");
  expect(run(launcher)).toBe(source);
  const { chasqui } = await t.bundle(["chasqui"]);
  expect(run(launcher)).toBe(chasqui?.file);
  t.write("libs/cli/src/main.ts", "console.log(import.meta.filename);");
  expect(run(launcher)).toBe(source);
  const again = (await t.bundle(["chasqui"]))["chasqui"];
  rmSync(path.dirname(again?.file ?? ""), { recursive: true });
  expect(run(launcher)).toBe(source);
});

test("source maps are made for who asks for them, of the same program", async () => {
  using t = setUp();
  const plain = await t.bundle(["echo"]);
  const [mapped] = await bundleAll({ root: t.root, only: ["echo"], sourceMaps: true });
  const mapsOf = (file = ""): string[] =>
    readdirSync(path.dirname(file)).filter((name) => name.endsWith(".map"));
  expect(mapsOf(plain["echo"]?.file)).toEqual([]);
  expect(mapsOf(mapped?.file)).toEqual(["main.mjs.map"]);
  const link = "//# sourceMappingURL=main.mjs.map\n";
  const text = (file = ""): string => readFileSync(file, "utf8");
  expect(text(mapped?.file)).toBe(`${text(plain["echo"]?.file)}${link}`);
  t.write("services/echo/src/main.ts", `throw new Error("here");`);
  const [failing] = await bundleAll({ root: t.root, only: ["echo"], sourceMaps: true });
  const { stderr } = spawnSync(process.execPath, ["--enable-source-maps", failing?.file ?? ""], {
    encoding: "utf8",
  });
  expect(stderr).toContain("src/main.ts:1:7");
});

test("K2. four at once leave one whole bundle and no half of one", async () => {
  using t = setUp();
  const all = await Promise.all(Array.from({ length: 4 }, () => t.bundle(["echo"])));
  expect(new Set(all.map(({ echo }) => echo?.file)).size).toBe(1);
  expect(run(all[0]?.["echo"]?.file)).toBe("hello");
  const left = readdirSync(path.join(t.root, ".chasqui/bundles/echo"));
  expect(left.toSorted()).toEqual([expect.stringMatching(/^[0-9a-f]{16}$/), "latest.json"]);
});

test("what does not build says where; what is not there says what is", async () => {
  using t = setUp();
  t.write("services/echo/src/say.ts", "export const say = ;");
  await expect(t.bundle(["echo"])).rejects.toThrow(/services\/echo\/src\/say\.ts:1:19/);
  await expect(t.bundle(["ecko"])).rejects.toThrow("no bundle ecko: want one of echo, chasqui");
});

test("a program is ASCII, and means the same", async () => {
  using t = setUp();
  t.write(
    "services/echo/src/main.ts",
    `// früher: ein Umlaut
     const words = ["ñandú", \`café\`, /^[àé＝🦙]+$/u.test("é＝🦙")];
     console.log(words.join(" ")); // 🦙`,
  );
  const { echo } = await t.bundle(["echo"]);
  expect(run(echo?.file)).toBe("ñandú café true");
  expect(readFileSync(echo?.file ?? "", "utf8")).toMatch(/^[\x00-\x7f]*$/);
});

test("built-in modules are reached without evaluating what nobody uses, in every form of import", async () => {
  using t = setUp();
  t.write(
    "services/echo/src/main.ts",
    `import http, { createServer } from "node:http";
     import * as path from "path";
     const { request, default: again } = await import("node:http");
     const loaded = process.moduleLoadList.some((name) => name.includes("undici/undici"));
     console.log([typeof createServer, typeof http.get, typeof request, again === http, path.sep, loaded].join(" "));`,
  );
  const { echo } = await t.bundle(["echo"]);
  expect(run(echo?.file)).toBe("function function function true / false");
});

test("a CommonJS package that is imported lazily has the names that it has in Node", async () => {
  using t = setUp();
  t.write("node_modules/odd/package.json", `{ "main": "odd.js" }`);
  t.write(
    "node_modules/odd/odd.js",
    `exports.__esModule = true; exports.delete = () => "named"; exports.default = () => "default";`,
  );
  t.write(
    "services/echo/src/main.ts",
    `const odd = await import("odd"); const { delete: remove } = odd;
     console.log(remove(), odd.default.default());`,
  );
  const source = path.join(t.root, "services/echo/src/main.ts");
  expect(run(source)).toBe("named default");
  expect(run((await t.bundle(["echo"]))["echo"]?.file)).toBe("named default");
});

test("what is imported lazily brings the files that it uses, not all that anybody uses of a door", async () => {
  using t = setUp();
  t.write(
    "node_modules/@chasqui/door/package.json",
    `{ "main": "../../../libs/door/src/index.ts" }`,
  );
  t.write(
    "libs/door/src/index.ts",
    `export { one } from "./one.ts";\nexport {\n  two as second,\n} from "./two.ts";\nexport const own = "own";\n`,
  );
  t.write("libs/door/src/one.ts", `export const one = "first";`);
  t.write("libs/door/src/two.ts", `export const two = "second";`);
  t.write(
    "services/echo/src/a.ts",
    `import { one as first, type Unused } from "@chasqui/door";\nexport const a = first;`,
  );
  t.write(
    "services/echo/src/b.ts",
    `import { own, second } from "@chasqui/door";\nexport const b = own + second;`,
  );
  t.write(
    "services/echo/src/main.ts",
    `console.log((await import("./a.ts")).a, (await import("./b.ts")).b);`,
  );
  const { echo } = await t.bundle(["echo"]);
  expect(run(echo?.file)).toBe("first ownsecond");
  const chunks = path.join(path.dirname(echo?.file ?? ""), "chunks");
  const withFirst = readdirSync(chunks)
    .map((name) => readFileSync(path.join(chunks, name), "utf8"))
    .filter((text) => text.includes('"first"'));
  expect(withFirst).toHaveLength(1);
  expect(withFirst[0]).not.toContain('"second"');
});

test("a built-in module that is heavy is loaded when somebody uses it", async () => {
  using t = setUp();
  t.write(
    "services/echo/src/main.ts",
    `import all, { execFileSync as run } from "node:child_process";
     const isLoaded = () => process.moduleLoadList.includes("NativeModule child_process");
     const before = isLoaded();
     console.log(before, typeof run, typeof all.spawn, isLoaded());`,
  );
  const { echo } = await t.bundle(["echo"]);
  expect(run(echo?.file)).toBe("false function function true");
});

test("the stand-in for protobuf's base64 decodes and refuses what the original does", async () => {
  using t = setUp();
  const at = path.join(
    path.dirname(import.meta.dirname),
    "node_modules/@bufbuild/protobuf/dist/esm/wire/base64-encoding.js",
  );
  t.write(
    "services/echo/src/main.ts",
    `import { base64Decode, base64Encode } from ${JSON.stringify(at)};
     const [text] = process.argv.slice(2);
     const out = (JSON.parse(text) as string[]).map((one) => { try { return [...base64Decode(one)]; } catch { return "refused"; } });
     const bytes = new Uint8Array([251, 255, 254, 7]);
     console.log(JSON.stringify([out, base64Encode(bytes), base64Encode(bytes, "url"), base64Encode(bytes, "std_raw")]));`,
  );
  const texts = [
    "",
    "AAEC",
    "AAE=",
    "AAE",
    "AA",
    "-_8=",
    "AA==AAE=",
    " AA\nEC\t",
    "A",
    "AAECA",
    "A*",
    "AA=A",
  ];
  const { echo } = await t.bundle(["echo"]);
  const bundled: unknown = JSON.parse(
    execFileSync(process.execPath, [echo?.file ?? "", JSON.stringify(texts)], { encoding: "utf8" }),
  );
  const original: {
    base64Decode(text: string): Uint8Array;
    base64Encode(b: Uint8Array, e?: string): string;
  } = await import("@bufbuild/protobuf/wire");
  const bytes = new Uint8Array([251, 255, 254, 7]);
  const want = texts.map((text) => {
    try {
      return [...original.base64Decode(text)];
    } catch {
      return "refused";
    }
  });
  expect(bundled).toEqual([
    want,
    ...["std", "url", "std_raw"].map((encoding) => original.base64Encode(bytes, encoding)),
  ]);
});
