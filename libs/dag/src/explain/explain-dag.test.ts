// Why a DAG has no run now: a row for each thing that may be in the way.
import { expect, test } from "vitest";
import { compileDag } from "../compile/compile-dag.ts";
import type { DagFacts } from "./explain-dag.ts";
import { explainDag } from "./explain-dag.ts";

const nowMs = Date.parse("2026-10-06T12:00:00Z");
const nextMs = Date.parse("2026-10-07T00:00:00Z");

function explained(top: string, facts: Partial<DagFacts> = {}) {
  const compiled = compileDag({ file: "x", text: `id: x\n${top}tasks: { a: { uses: noop } }\n` });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  const { state, causes, ...rest } = explainDag({
    ...{ nowMs, spec: compiled.spec, retired: false, paused: false, pausedBy: "" },
    ...{ pauseReason: "", active: [], waitingCount: 0, ...facts },
  });
  return { state, ...rest, said: causes.map(({ kind, text }) => `${kind}: ${text}`) };
}

const DAILY = 'schedule: { cron: "0 19 * * *", timezone: America/Bogota }\n';
const clock = "schedule: by the clock: at 19:00 every day, America/Bogota";
const known = { schedule: { nextMs } };

test("nothing is in the way: when the clock starts the next one", () => {
  expect(explained(DAILY, known)).toEqual({ state: "active", nextMs, said: [clock] });
});

test.each<[string, string, Partial<DagFacts>, string]>([
  ["retired", DAILY, { ...known, retired: true }, "retired: nothing starts a retired DAG"],
  [
    "paused",
    DAILY,
    { ...known, paused: true, pausedBy: "user:ana", pauseReason: "flood" },
    "paused: it is paused by user:ana: flood; until `chasqui resume x` due times are recorded",
  ],
  ["nobody starts it", "", {}, "no_start: neither the clock nor a trigger starts it: `chasqui"],
  [
    "the schedule has ended",
    'schedule: { cron: "@daily", end: 2026-01-01 }\n',
    { schedule: { nextMs: undefined } },
    "schedule: by the clock: at 00:00 every day, UTC, until 2026-01-01T00:00:00Z; the schedule ends 2026-01-01",
  ],
  [
    "the run before is at work, and the next begins when it has ended",
    'schedule: { cron: "@continuous" }\n',
    { schedule: { nextMs: undefined } },
    "a run begins whenever the one before has ended",
  ],
  [
    "the scheduler is not there",
    DAILY,
    {},
    "unscheduled: the scheduler does not know its schedule",
  ],
  [
    "max_active_runs",
    `${DAILY}max_active_runs: 1\n`,
    { ...known, active: ["run-a"], waitingCount: 2 },
    "admission: max_active_runs is 1, and at work is run-a: 2 wait",
  ],
  [
    "overlap: skip",
    'schedule: { cron: "@daily", overlap: skip }\n',
    { ...known, active: ["run-a"] },
    "overlap: overlap is skip: no due time starts a run while run-a is at work",
  ],
  [
    "the last due time",
    DAILY,
    { ...known, lastTick: { atMs: 0, outcome: "missed", reason: "nothing ran" } },
    "last_tick: its last due time, 1970-01-01T00:00:00Z, is `missed`: nothing ran",
  ],
  [
    "the last trigger",
    "triggers: [{ event: { subject: a.b } }]\n",
    { lastTrigger: { atMs: 0, outcome: "filtered", reason: "" } },
    "last_trigger: its last trigger, 1970-01-01T00:00:00Z, is `filtered`",
  ],
])("%s", (_, top, facts, said) => {
  const found = explained(top, facts);
  expect(found.said.join("\n")).toContain(said);
});

test("E2. no time is expected while something is in the way", () => {
  const times = [
    explained(DAILY, { ...known, paused: true }),
    explained(`${DAILY}max_active_runs: 1\n`, { ...known, active: ["run-a"] }),
    explained(DAILY, { ...known, retired: true }),
    explained(DAILY),
  ];
  expect(times.filter((one) => "nextMs" in one)).toEqual([]);
});

test.each([
  ["{ event: { subject: a.b, when: event.data.n > 1 } }", "event a.b when event.data.n > 1"],
  ["{ dag: load }", "a run of load that succeeded"],
  ["{ dag: { id: load, state: [failed, cancelled] } }", "a run of load that failed or cancelled"],
  ["{ asset: orders && (routes || depots) }", "(asset depots or asset routes) and asset orders"],
])("a trigger in words: %s", (trigger, words) => {
  expect(explained(`triggers: [${trigger}]\n`).said).toEqual([
    `trigger: a trigger starts it: ${words}`,
  ]);
});
