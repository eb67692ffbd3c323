// Properties of the compiler; the names are those of its invariants.
import fc from "fast-check";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { anyText } from "../../../../tests/support/any-text.ts";
import { checkSpec } from "../check-spec.ts";
import { specToObject } from "../decompile.ts";
import { diffSpecs } from "../diff.ts";
import { formatProblem } from "../problem.ts";
import { compileDag, compileDagObject } from "./compile-dag.ts";
import type { Compiled } from "./compile-dag.ts";
import { CARRIER_COSTS } from "../testing/examples.ts";
import { expectPlaced } from "../testing/placed.ts";
import { validDag } from "../testing/valid-dag.ts";

const compileText = (text: string): Compiled => compileDag({ file: "x.yaml", text });

function mustCompile(compiled: Compiled): Extract<Compiled, { ok: true }> {
  if (!compiled.ok) throw new Error(compiled.problems.map(formatProblem).join("\n"));
  return compiled;
}

test("C1: any text compiles or gets positioned errors", () => {
  const text = fc.oneof(fc.string(), anyText(), fc.lorem());
  fc.assert(
    fc.property(text, (input) => expectPlaced(compileText(input), input)),
    { numRuns: 200 },
  );
});

/** Here the YAML parser stops, and its own counter knows no line behind it. */
const FORGOTTEN_LINES: [number, number, string][] = [
  [0, 11, ""],
  [210, 17, "\n"],
];

test("C1: a file with a piece cut out, doubled or replaced compiles or gets positioned errors", () => {
  const length = CARRIER_COSTS.length;
  const cut = fc.tuple(
    fc.nat(length),
    fc.nat(30),
    fc.oneof(
      fc.string({ maxLength: 6 }),
      fc.constantFrom("\n", "\t", "{", "}", "[", ": ", "&a ", "*a", "- ", "|", '"', "!!set "),
    ),
  );
  fc.assert(
    fc.property(fc.array(cut, { minLength: 1, maxLength: 4 }), (cuts) => {
      let text = CARRIER_COSTS;
      for (const [start, count, piece] of cuts)
        text = text.slice(0, start) + piece + text.slice(start + count);
      expectPlaced(compileText(text), text);
    }),
    { numRuns: 250, examples: [[FORGOTTEN_LINES]] },
  );
});

/** Replaces, removes or adds one value somewhere in a DAG. */
const mutation = fc.tuple(
  fc.nat(),
  fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom("${", "${x}", "a", "-1d", -1, {}, [])),
  fc.constantFrom("replace", "remove", "add"),
);

function mutate(value: JsonValue, [place, piece, how]: [number, unknown, string]): JsonValue {
  const copy: JsonValue = JSON.parse(JSON.stringify(value));
  const holders: [JsonObject | JsonValue[], string][] = [];
  (function walk(item: JsonValue): void {
    if (typeof item !== "object" || item === null) return;
    for (const [key, child] of Object.entries(item)) {
      holders.push([item, key]);
      walk(child);
    }
  })(copy);
  const [holder, key] = holders[place % Math.max(1, holders.length)] ?? [];
  if (holder === undefined || key === undefined) return copy;
  const fresh: JsonValue = JSON.parse(JSON.stringify(piece ?? null));
  const target: JsonObject = Array.isArray(holder) ? Object.assign(holder) : holder;
  if (how === "remove") delete target[key];
  else target[how === "add" ? `${key}x` : key] = fresh;
  return copy;
}

test("C1: a mutated valid DAG compiles or gets positioned errors", () => {
  fc.assert(
    fc.property(validDag, fc.array(mutation, { minLength: 1, maxLength: 3 }), (dag, mutations) => {
      const broken = mutations.reduce<JsonValue>((value, change) => mutate(value, change), dag);
      const text = stringify(broken);
      expectPlaced(compileText(text), text);
      expectPlaced(compileDagObject(JSON.parse(JSON.stringify(broken)), "x.ts"));
    }),
    { numRuns: 250 },
  );
});

/** The same meaning in another spelling: keys and sets in another order, other quotes, comments, defaults written out. */
function respell(dag: JsonObject, random: fc.Stream<boolean>, json: boolean): string {
  const flip = (): boolean => random.next().value === true;
  const shuffled = shuffleKeys(turnSets(dag, flip), flip);
  const spelled = isMap(shuffled) ? writeOutDefaults(shuffled) : {};
  if (json) return JSON.stringify(spelled);
  const type = flip() ? "QUOTE_DOUBLE" : "QUOTE_SINGLE";
  const lines = stringify(spelled, {
    defaultStringType: type,
    defaultKeyType: "PLAIN",
    lineWidth: 0,
  });
  return lines.replace(/\n/g, () => (flip() ? "\n" : " # a comment\n"));
}

const isMap = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function shuffleKeys(value: JsonValue, flip: () => boolean): JsonValue {
  if (Array.isArray(value)) return value.map((item) => shuffleKeys(item, flip));
  if (!isMap(value)) return value;
  const entries = Object.entries(value).map(
    ([key, item]) => [key, shuffleKeys(item, flip)] as const,
  );
  const first = entries.filter(() => flip());
  return Object.fromEntries([
    ...first,
    ...entries.filter((entry) => !first.includes(entry)).reverse(),
  ]);
}

/** Lists whose order means nothing, wherever they stand outside of a task's `with`. */
const SETS: ReadonlySet<string> = new Set(["tags", "needs", "cron", "alerts", "on"]);

function turnSets(value: JsonValue, flip: () => boolean): JsonValue {
  if (Array.isArray(value)) return value.map((item) => turnSets(item, flip));
  if (!isMap(value)) return value;
  const turned = Object.entries(value).map(([key, item]): [string, JsonValue] => {
    if (key === "with") return [key, item];
    const inside = turnSets(item, flip);
    return [key, SETS.has(key) && Array.isArray(inside) && flip() ? inside.toReversed() : inside];
  });
  return Object.fromEntries(turned);
}

function writeOutDefaults(dag: JsonObject): JsonObject {
  const tasks = Object.entries(isMap(dag["tasks"]) ? dag["tasks"] : {}).map(
    ([id, value]): [string, JsonObject] => {
      const task = isMap(value) ? value : {};
      // A group's rule is another default, and what runs at the end has a rule of its own.
      const isPlain = !["group", "teardown", "on_exit"].some((field) => field in task);
      const rule = isPlain ? { trigger_rule: "all_success" } : {};
      const off = { allow_failure: false, depends_on_past: false, setup: false, on_exit: false };
      return [id, { ...rule, ...off, needs: [], with: {}, produces: [], was: [], ...task }];
    },
  );
  const schedule = isMap(dag["schedule"])
    ? { schedule: { ...scheduleDefaults(dag["schedule"]), ...dag["schedule"] } }
    : {};
  return {
    max_active_runs: 16,
    tags: [],
    alerts: [],
    was: [],
    groups: {},
    ...dag,
    ...schedule,
    tasks: Object.fromEntries(tasks),
  };
}

function scheduleDefaults({ cron, gap, fold }: JsonObject): JsonObject {
  const shared = { timezone: "UTC", overlap: "queue", runs_for: "tick" };
  if (cron === "@continuous") return shared;
  if (cron !== "0 19 * * *") return { ...shared, catchup: "latest" };
  return { ...shared, catchup: "latest", gap: gap ?? "shift", fold: fold ?? "first" };
}

test("C2: the same meaning has the same fingerprint, whatever its spelling", () => {
  fc.assert(
    fc.property(validDag, fc.infiniteStream(fc.boolean()), fc.boolean(), (dag, random, json) => {
      const plain = mustCompile(compileText(stringify(dag)));
      const respelled = mustCompile(compileText(respell(dag, random, json)));
      expect(respelled.fingerprint).toBe(plain.fingerprint);
      expect(diffSpecs(plain.spec, respelled.spec)).toEqual([]);
    }),
    { numRuns: 150 },
  );
});

test("C3: a compiled spec compiles to itself, and the server accepts it", () => {
  fc.assert(
    fc.property(validDag, (dag) => {
      const { spec, fingerprint } = mustCompile(compileDagObject(dag, "x.ts"));
      const again = mustCompile(compileDagObject(specToObject(spec), "x.ts"));
      expect(again.spec).toEqual(spec);
      expect(again.fingerprint).toBe(fingerprint);
      expect(checkSpec(spec, { customKinds: [] })).toEqual([]);
    }),
    { numRuns: 150 },
  );
});

test("D1: different meaning has another fingerprint and a line in the diff", () => {
  fc.assert(
    fc.property(validDag, mutation, (dag, change) => {
      const before = mustCompile(compileDagObject(dag, "x.ts"));
      const after = compileDagObject(mutate(dag, change), "x.ts");
      if (!after.ok) return;
      const same = after.fingerprint === before.fingerprint;
      expect(diffSpecs(before.spec, after.spec).length === 0).toBe(same);
    }),
    { numRuns: 250 },
  );
});
