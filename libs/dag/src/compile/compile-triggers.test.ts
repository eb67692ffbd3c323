// Examples of triggers and of what authors are told about broken ones, with the exact place.
import { expect, test } from "vitest";
import { RunOutcome } from "@chasqui/contracts";
import { fingerprintOf } from "../canonical.ts";
import { formatProblem } from "../problem.ts";
import { compileDag } from "./compile-dag.ts";

const dag = (triggers: string, more = ""): string =>
  `id: x\n${more}triggers:\n${triggers}\ntasks: { a: { uses: noop } }\n`;
const compile = (text: string) => compileDag({ file: "x.yaml", text });

function triggersOf(triggers: string, more = "") {
  const compiled = compile(dag(triggers, more));
  if (!compiled.ok) throw new Error(compiled.problems.map(formatProblem).join("\n"));
  return compiled.spec.triggers;
}
const problemsOf = (triggers: string, more = ""): string[] => {
  const compiled = compile(dag(triggers, more));
  return compiled.ok ? [] : compiled.problems.map(formatProblem);
};

const asset = (name: string) => ({ condition: { case: "asset", value: { name } } });

test("an event, with everything that a trigger may say", () => {
  const [trigger] = triggersOf(
    `  - event: { subject: logistics.routes.>, when: " event.data.country == 'CO' " }
    key: "\${run.date}"
    params: { country: "\${event.data.country}", n: "\${size(events)}" }
    batch: { window: 10m, quiet: 30s, max: 50 }`,
    "params: { type: object, properties: { country: { type: string }, n: { type: integer } } }\n",
  );
  expect(trigger).toMatchObject({
    on: {
      condition: {
        case: "event",
        value: { subject: "logistics.routes.>", when: "event.data.country == 'CO'" },
      },
    },
    key: "${run.date}",
    params: { country: "${event.data.country}", n: "${size(events)}" },
    batch: { window: { seconds: 600n }, quiet: { seconds: 30n }, eventsMax: 50 },
  });
});

test("the end of another DAG's run: short, and in full", () => {
  const [short, full] = triggersOf(`  - dag: load
  - dag: { id: load, state: [failed, succeeded, failed], when: event.data.key != 'x' }
    rate: { max: 5, per: 1h }`);
  expect(short?.on).toMatchObject({
    condition: { case: "dag", value: { dagId: "load", states: [RunOutcome.SUCCEEDED], when: "" } },
  });
  expect(full).toMatchObject({
    on: {
      condition: { value: { states: [RunOutcome.SUCCEEDED, RunOutcome.FAILED] } },
    },
    rate: { max: 5, per: { seconds: 3_600n } },
  });
});

test("assets: && binds closer than ||; flat, sorted, each once", () => {
  const [first, second] = triggersOf(`  - asset: orders || routes && warehouse.stock && orders
  - asset: (b && a) && b`);
  expect(first?.on).toMatchObject({
    condition: {
      case: "any",
      value: {
        conditions: [
          {
            condition: {
              case: "all",
              value: { conditions: ["orders", "routes", "warehouse.stock"].map(asset) },
            },
          },
          asset("orders"),
        ],
      },
    },
  });
  expect(second?.on).toMatchObject({
    condition: { case: "all", value: { conditions: [asset("a"), asset("b")] } },
  });
});

test("several of any kind, with how long they wait", () => {
  const [trigger] = triggersOf(`  - all:
      - asset: orders
      - any: [{ dag: load }, { event: { subject: a.b } }]
    within: 6h`);
  expect(trigger).toMatchObject({ within: { seconds: 21_600n } });
  expect(trigger?.on?.condition.case).toBe("all");
});

test("the same meaning is the same version", () => {
  const spellings = [
    "  - asset: a && b && c",
    "  - all: [{ asset: c }, { asset: b && a }]",
    "  - { all: [{ all: [{ asset: c }] }, { asset: a }, { asset: a }, { any: [{ asset: b }] }] }",
  ];
  const prints = spellings.map((spelling) => {
    const compiled = compile(dag(spelling));
    return compiled.ok ? fingerprintOf(compiled.spec) : compiled.problems;
  });
  expect(new Set(prints).size).toBe(1);
  const [one, two] = ["  - dag: { id: a, state: succeeded }", "  - dag: a"].map((text) =>
    triggersOf(text),
  );
  expect(one).toEqual(two);
});

const subject = "  - event: { subject: a.b }\n    ";

test.each<[string, string]>([
  ["  - {}", "x.yaml:3:5: a trigger waits for one of event, dag, asset, all, any: this has none"],
  [
    "  - { dag: a, asset: b }",
    "x.yaml:3:5: a trigger waits for one of event, dag, asset, all, any: this has dag, asset",
  ],
  [
    "  - event: {}",
    "x.yaml:3:12: event has no `subject`: want what follows chasqui.trigger. in it",
  ],
  ["  - event: { subject: logistics }", "x.yaml:3:23: subject: `logistics`: want a source and"],
  ["  - event: { subject: '*.b' }", "x.yaml:3:23: subject: `*.b`: want a source and a name"],
  ["  - event: { subject: a.>.b }", "x.yaml:3:23: subject: `a.>.b`: want a source and a name"],
  ["  - event: { subject: a.b, when: tasks.a }", "x.yaml:3:34: when: no name `tasks`"],
  ["  - dag: x", "x.yaml:3:10: dag: `x` would start itself for ever: want another DAG"],
  ["  - dag: { state: failed }", "x.yaml:3:10: dag has no `id`: want the other DAG's"],
  [
    "  - dag: { id: a, state: ok }",
    "x.yaml:3:26: state: `ok`: want one of succeeded, failed, cancelled",
  ],
  ["  - asset: a &&", "x.yaml:3:16: asset: an asset's name is missing at the end"],
  ["  - asset: (a || b", "x.yaml:3:19: asset: a ( without its )"],
  ["  - asset: a b", "x.yaml:3:14: asset: `b` after the end"],
  ["  - asset: Orders", "x.yaml:3:12: asset: `Orders`: want an asset"],
  ["  - asset: a & b", "x.yaml:3:14: asset: `& b`: want an asset"],
  ["  - asset: a && || b", "x.yaml:3:17: asset: `||`: want an asset's name"],
  ["  - all: []", "x.yaml:3:10: all is an empty list: want two conditions or more"],
  ["  - all: [{ asset: a, key: k }]", "x.yaml:3:23: unknown field `key` in a condition"],
  [`${subject}key: "\${tasks.a.output}"`, "x.yaml:4:13: key: no name `tasks`"],
  [`${subject}batch: {}`, "x.yaml:4:12: batch has no `window`: want how long it is open"],
  [
    `${subject}batch: { window: 1m, quiet: 1m }`,
    "x.yaml:4:33: quiet: want less than the window, which closes it anyway",
  ],
  [`${subject}batch: { window: 1m, max: 1 }`, "x.yaml:4:31: max: `1`: want an integer in 2..1000"],
  [`${subject}rate: { max: 5 }`, "x.yaml:4:11: rate has no `per`: want { max: 5, per: 1h }"],
  [
    `${subject}batch: { window: 1m }\n    rate: { max: 5, per: 1h }`,
    "x.yaml:5:11: rate: want it without batch, whose window is a limit already",
  ],
  [`${subject}within: 6h`, "x.yaml:4:13: within: want it with `all`: one event waits for no other"],
  [
    "  - asset: a && b\n    batch: { window: 1m }",
    "x.yaml:4:12: batch: want it where one event is enough, not with `all`",
  ],
  [`${subject}params: { day: 1 }`, "x.yaml:4:15: params of the trigger: unknown field `day`"],
])("%j", (triggers, expected) => {
  expect(problemsOf(triggers)[0]).toContain(expected);
});

const schema =
  "params: { type: object, properties: { n: { type: integer }, m: { type: string, default: a } }, required: [n, m] }\n";

test("a parameter without a default must come from the trigger, in the right type", () => {
  expect(problemsOf("  - dag: load", schema)).toEqual([
    expect.stringMatching(/^x.yaml:4:5: params of the trigger: .*`n`/),
  ]);
  expect(problemsOf("  - dag: load\n    params: { n: many }", schema)).toEqual([
    "x.yaml:5:18: params of the trigger: n: `many` is text: want an integer",
  ]);
  expect(problemsOf('  - dag: load\n    params: { n: "${event.data.n}" }', schema)).toEqual([]);
});

test("too many conditions in one trigger", () => {
  const names = Array.from({ length: 33 }, (_, index) => `a${index}`).join(" || ");
  expect(problemsOf(`  - asset: ${names}`)[0]).toContain("33 conditions: want at most 32");
  const deep = `${"(".repeat(70)}a${")".repeat(70)}`;
  expect(problemsOf(`  - asset: "${deep}"`)[0]).toContain("more than 64 ( in each other");
});
