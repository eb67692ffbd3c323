// Whatever a file holds, the compiler answers: a DAG, or problems that stand where they say, inside of the file.
// What is fuzzed are DAGs with every word of the language (testing/everything.ts).
import { fromBinary, fromJson, toBinary, toJson } from "@bufbuild/protobuf";
import type { JsonValue } from "@bufbuild/protobuf";
import { DagSpecSchema } from "@chasqui/contracts";
import type { DagSpec } from "@chasqui/contracts";
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { canonicalSpec, fingerprintOf } from "../canonical.ts";
import { checkSpec } from "../check-spec.ts";
import { limits } from "../limits.ts";
import { EVERYTHING } from "../testing/everything.ts";
import { expectPlaced } from "../testing/placed.ts";
import { compileDag, compileDagObject } from "./compile-dag.ts";
import type { Compiled } from "./compile-dag.ts";

const readFile = (): string => "12-25 Christmas\n";
const compileText = (text: string): Compiled => compileDag({ file: "x.yaml", text }, { readFile });
const seeds: readonly JsonValue[] = EVERYTHING.map((text) => parse(text));

test("what is fuzzed compiles, and has every word of the language and of every kind", () => {
  for (const text of EVERYTHING) {
    const compiled = compileText(text);
    expect(compiled.ok ? [] : compiled.problems).toEqual([]);
  }
  const file = path.resolve(import.meta.dirname, "../../schema/dag.schema.json");
  const found = new Set<string>();
  for (const seed of seeds) collect(seed, found);
  const text = EVERYTHING.join("\n");
  const { fields, words } = wordsOf(JSON.parse(readFileSync(file, "utf8")));
  expect([...fields].filter((field) => !found.has(field))).toEqual([]);
  expect([...words].filter((word) => !new RegExp(`\\b${word}\\b`).test(text))).toEqual([]);
});

/** Keys of maps. */
function collect(value: JsonValue, found: Set<string>): void {
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (!Array.isArray(value)) found.add(key);
    collect(inner, found);
  }
}

interface Words {
  readonly fields: Set<string>;
  readonly words: Set<string>;
}

/** Every field that the schema names, and every word that a field wants. */
function wordsOf(schema: JsonValue, found: Words = { fields: new Set(), words: new Set() }): Words {
  if (typeof schema !== "object" || schema === null) return found;
  for (const [key, inner] of Object.entries(schema)) {
    if (key === "properties" && typeof inner === "object" && inner !== null)
      for (const field of Object.keys(inner)) found.fields.add(field);
    if (key === "enum" && Array.isArray(inner))
      for (const word of inner) found.words.add(String(word));
    wordsOf(inner, found);
  }
  return found;
}

const DEEP: JsonValue = JSON.parse("[".repeat(80) + "]".repeat(80));
const hostile: readonly JsonValue[] = [
  ...[null, true, -1, 0, 1.5, 1e308, 2 ** 53, "", " ", "${", "${x}", "${${}}", "$${", "}"],
  ...["a\0b", "\u202e\ud800", "💥".repeat(100), "__proto__", "constructor", "1e999d", "-5m"],
  ...["${tasks.x.output.y.z[0]}", `\${${"(".repeat(300)}}`, "x".repeat(70_000)],
  ...[[], {}, [[]], { a: { b: null } }, ["a", 1, null], { __proto__x: 1, "": 2 }, DEEP],
];

type Step = string | number;
type Holder = Record<Step, JsonValue>;

function placesOf(value: JsonValue, at: readonly Step[] = []): (readonly Step[])[] {
  const inner =
    typeof value !== "object" || value === null
      ? []
      : Object.entries(value).flatMap(([key, item]) => placesOf(item, [...at, key]));
  return at.length === 0 ? inner : [at, ...inner];
}

/** A copy of a seed with one place changed. */
function changed(
  seed: JsonValue,
  at: readonly Step[],
  change: (holder: Holder, last: Step) => void,
): JsonValue {
  const copy = structuredClone(seed);
  let holder = copy as Holder;
  for (const step of at.slice(0, -1)) holder = holder[step] as Holder;
  change(holder, at.at(-1) ?? "");
  return copy;
}

function expectAnswer(value: JsonValue): void {
  const text = stringify(value, { lineWidth: 0 });
  expectPlaced(compileText(text), text);
}

/** So many of the hostile values meet each place; from two on it is left out and misnamed, too. */
const TURNS = Number(process.env["FUZZ_TURNS"] ?? 1);

test.each(seeds.map((seed, index) => [index, seed] as const))(
  "seed %i: each place with something hostile",
  (index, seed) => {
    for (const [place, at] of placesOf(seed).entries())
      for (let turn = 0; turn < TURNS; turn++) {
        const value = hostile[(place + index + turn * 7) % hostile.length] ?? null;
        const broken = changed(seed, at, (holder, last) => (holder[last] = value));
        expectAnswer(broken);
        if (place % 5 === 0) expectPlaced(compileDagObject(broken, "x.ts", { readFile }));
      }
  },
  60_000,
);

test.each(seeds.map((seed, index) => [index, seed] as const))(
  "seed %i: each place left out, or misnamed",
  (_, seed) => {
    const leaveOut = (holder: Holder, last: Step) => delete holder[last];
    const misname = (holder: Holder, last: Step) => (holder[`${last}x`] = holder[last] ?? null);
    for (const [place, at] of placesOf(seed).entries())
      for (let turn = place; turn < place + Math.min(2, TURNS); turn++)
        expectAnswer(changed(seed, at, turn % 2 === 0 ? leaveOut : misname));
  },
  60_000,
);

test("what every object has is no word of the language, wherever it stands", () => {
  const names = ["constructor", "__proto__", "toString"];
  for (const [index, seed] of seeds.entries())
    for (const [place, at] of placesOf(seed).entries()) {
      const name = names[(place + index) % names.length] ?? "";
      expectAnswer(changed(seed, at, (holder, last) => (holder[last] = name)));
    }
  for (const name of names) expectAnswer({ id: "x", schedule: { cron: name }, tasks: {} });
}, 60_000);

const bomb = Array.from(
  { length: 30 },
  (_, n) =>
    `b${n}: &b${n} [${Array(9)
      .fill(n === 0 ? "lol" : `*b${n - 1}`)
      .join(", ")}]`,
).join("\n");

test.each<[string, string]>([
  ["nothing", ""],
  ["blanks", " \n\t\n  \n"],
  ["a comment alone", "# nothing\n"],
  ["a byte order mark", "\ufeffid: x\ntasks: { a: { uses: nope } }\n"],
  ["carriage returns", "id: x\r\ntasks:\r\n  a: { uses: nope }\r\n"],
  ["NUL bytes", "id: x\0\ntasks: \0\n"],
  ["a program", String.fromCharCode(...Array.from({ length: 2_000 }, (_, n) => (n * 7) % 256))],
  ["half of a character", "id: \ud83d\ntasks: {}\n"],
  ["a scalar", "42\n"],
  ["a list", "- id: x\n"],
  ["two documents", "id: x\n---\nid: y\n"],
  ["a tab", "id: x\ntasks:\n\ta: { uses: noop }\n"],
  ["an open quote", 'id: "x\ntasks: {}\n'],
  ["an open bracket", "id: x\ntags: [a, b\n"],
  ["a key twice", "id: x\nid: y\ntasks: { a: { uses: noop }, a: { uses: noop } }\n"],
  ["a key that is a map", "id: x\n? { a: 1 }\n: 2\n"],
  ["a merge key", "x: &x { uses: noop }\nid: x\ntasks: { a: { <<: *x } }\n"],
  ["an alias without anchor", "id: *x\n"],
  ["an alias of itself", "id: &x [*x]\n"],
  ["an alias in itself, deep", "id: x\ntasks: &t { a: *t }\n"],
  ["an alias bomb", `${bomb}\nid: *b29\n`],
  ["a tag of a language", "id: !!js/function 'x'\n"],
  ["a tag of our own", "id: !foo x\ntasks: !!set { a, b }\n"],
  ["binary", "id: !!binary R0lGODlhDAAMAIQAAP\n"],
  ["not a number", "id: x\npriority: .nan\nmax_active_runs: .inf\n"],
  ["a huge number", `id: x\nmax_active_runs: ${"9".repeat(5_000)}\ntasks: { a: { uses: noop } }\n`],
  ["a hex, an octal", "id: x\nmax_active_runs: 0x1F\nmax_active_tasks: 0o17\n"],
  ["deep brackets", `id: x\ntags: ${"[".repeat(20_000)}\n`],
  ["deep braces", `id: ${"{a: ".repeat(5_000)}\n`],
  ["deep blocks", Array.from({ length: 2_000 }, (_, n) => `${" ".repeat(n)}a:`).join("\n")],
  ["deep expression", `id: x\ntasks: { a: { uses: noop, when: "${"(".repeat(2_000)}" } }\n`],
  [
    "long expression",
    `id: x\ntasks: { a: { uses: noop, when: "${"1 + ".repeat(2_000)}1 > 0" } }\n`,
  ],
  ["a long line", `id: x\ndescription: ${"x".repeat(200_000)}\ntasks: { a: { uses: noop } }\n`],
  ["many values", `id: x\ntags: [${"a, ".repeat(limits.nodesMax)}a]\n`],
  ["a huge file", `id: x\n# ${"x".repeat(limits.sourceCharsMax)}\n`],
  [
    "names of objects",
    "__proto__: 1\nconstructor: 2\nid: toString\ntasks: { __proto__: { uses: noop } }\n",
  ],
  ["letters that look alike", "іd: x\ntasks: { а: { uses: noop } }\n"],
])("%s: no crash, and each problem has its place", (_, text) => {
  const compiled = compileText(text);
  expectPlaced(compiled, text.replaceAll("\r\n", "\n"));
  expect(compiled.ok ? "compiled" : compiled.problems.length).not.toBe(0);
});

test("the server: whatever a specification holds, it is canonical or refused in words", () => {
  let read = 0;
  for (const [index, text] of EVERYTHING.entries()) {
    const compiled = compileText(text);
    if (!compiled.ok) throw new Error("a seed does not compile");
    const seed = toJson(DagSpecSchema, compiled.spec);
    for (const [place, at] of placesOf(seed).entries()) {
      const value = hostile[(place + index) % hostile.length] ?? null;
      const spec = specOf(changed(seed, at, (holder, last) => (holder[last] = value)));
      if (spec === undefined) continue; // no protobuf: the bridge refuses it
      read += 1;
      const canonical = canonicalSpec(spec);
      expect(fingerprintOf(canonical)).toMatch(/^[0-9a-f]+$/);
      for (const problem of checkSpec(canonical, { customKinds: [] })) expect(problem).not.toBe("");
    }
  }
  expect(read).toBeGreaterThan(300);
}, 60_000);

function specOf(json: JsonValue): DagSpec | undefined {
  try {
    const spec = fromJson(DagSpecSchema, json, { ignoreUnknownFields: true });
    return fromBinary(DagSpecSchema, toBinary(DagSpecSchema, spec));
  } catch {
    return undefined;
  }
}
