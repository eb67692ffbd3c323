// A history as spans: which there are, whose they are, and below which they hang. What writes them live is compared with
// them in the state machine's tests, and on real servers in tests/e2e.
import { attemptIdOf } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { HistorySpans } from "./history-spans.ts";
import type { ServiceSpan, StoredEvent, StoredRun } from "./history-spans.ts";
import { spanIds } from "./span-ids.ts";

const runId = "run-0123456789abcdefghjkmnpqrs";
const traceId = "ab".repeat(16);
const START = "start:costs:2026-10-06T00:00:00.000Z";
const run: StoredRun = {
  ...{ runId, dagId: "costs", key: "2026-10-06", traceId, createdMs: 1_000 },
  traceparent: `00-${traceId}-${spanIds.tick(START)}-00`,
  cause: { kind: "schedule", by: "schedule" },
  reason: undefined,
  parent: undefined,
  kinds: new Map([
    ["load", "k8s.pod"],
    ["mail", "report.email"],
    ["ask", "approval"],
    ["own", "bench.noop"],
    ["gate", "noop"],
  ]),
};

type Fields = Omit<StoredEvent["event"], "type">;
const idOf = (taskId: string, mapIndex = -1, attempt = 1): string =>
  attemptIdOf({ runId, taskId, mapIndex, attempt });
const event =
  (version: number, atMs: number, cause: string) =>
  (type: string, fields: Fields = {}): StoredEvent => ({
    ...{ version, atMs, cause },
    event: { type, ...fields },
  });

function rebuilt(history: readonly StoredEvent[], of: Partial<StoredRun> = {}): ServiceSpan[] {
  const spans = new HistorySpans({ ...run, ...of });
  return [...history.flatMap((told) => spans.add(told)), ...spans.end()];
}

/** "service: name" of each span below that of its parent, by the order of the history. */
function treeOf(spans: readonly ServiceSpan[]): string[] {
  const ids = new Set(spans.map(({ span }) => span.spanId));
  const below = (parent: string | undefined, depth: number): string[] =>
    spans
      .filter(({ span }) =>
        parent === undefined
          ? span.parentSpanId === undefined || !ids.has(span.parentSpanId)
          : span.parentSpanId === parent,
      )
      .flatMap(({ service, span }) => [
        `${"  ".repeat(depth)}${service}: ${span.name} ${span.startMs}-${span.endMs}${span.error === undefined ? "" : ` (${span.error})`}`,
        ...below(span.spanId, depth + 1),
      ]);
  return below(undefined, 0);
}

const created = event(1, 1_000, START);
const accepted = event(2, 1_020, `${idOf("load")}:u1`);
const running = event(3, 1_100, `${idOf("load")}:u2`);
const failed = event(4, 2_010, `${idOf("load")}:u1000000`);
const retried = event(5, 3_000, `timer:${runId}:3000`);
const done = event(6, 3_500, `${idOf("load", -1, 2)}:u1000000`);
const mailed = event(7, 4_000, `${idOf("mail")}:u1000000`);
const failure = { class: "code", message: "exit code 3" };

const JOB_AND_MAIL = [
  created("run_created"),
  created("task_assigned", { t: "load", a: 1 }),
  accepted("task_accepted", { t: "load", a: 1, acceptedMs: 1_010 }),
  running("task_started", { t: "load", a: 1, acceptedMs: 1_010, startedMs: 1_090 }),
  failed("attempt_failed", {
    ...{ t: "load", a: 1, failure },
    times: { acceptedMs: 1_010, startedMs: 1_090, endedMs: 2_000 },
  }),
  retried("task_assigned", { t: "load", a: 2 }),
  done("task_succeeded", { t: "load", a: 2 }),
  done("task_assigned", { t: "mail", a: 1 }),
  mailed("task_succeeded", {
    ...{ t: "mail", a: 1 },
    times: { acceptedMs: 3_600, startedMs: 3_600, endedMs: 3_990 },
  }),
  mailed("run_settled", { state: "succeeded" }),
];

test("a job that is told to run before it is told to be accepted is a job all the same; a mail that runs is none", () => {
  const below = (taskId: string): string[] =>
    rebuilt([
      created("run_created"),
      created("task_assigned", { t: taskId, a: 1 }),
      event(
        2,
        1_100,
        `${idOf(taskId)}:u2`,
      )("task_started", {
        ...{ t: taskId, a: 1, acceptedMs: 1_010, startedMs: 1_090 },
      }),
      event(3, 2_010, `${idOf(taskId)}:u1000000`)("task_succeeded", { t: taskId, a: 1 }),
    ])
      .filter(({ span }) => span.name === "publish chasqui.inbox.update")
      .map(({ span }) => span.parentSpanId ?? "none");
  const [load, mail] = [idOf("load"), idOf("mail")];
  expect(below("load")).toEqual([spanIds.job(load), spanIds.job(load)]);
  expect(below("mail")).toEqual([spanIds.delivery(mail, 1), spanIds.delivery(mail, 1)]);
});

test("a tick, a job that fails and is repeated, a mail: the whole tree", () => {
  expect(treeOf(rebuilt(JOB_AND_MAIL))).toMatchInlineSnapshot(`
    [
      "scheduler: tick 1000-1000",
      "  scheduler: publish chasqui.inbox.dag 1000-1000",
      "    state-machine: process chasqui.inbox.dag 1000-1000",
      "  state-machine: run costs 1000-4000",
      "    state-machine: publish chasqui.event 1000-1000",
      "    state-machine: publish chasqui.event 1020-1020",
      "    state-machine: publish chasqui.event 1100-1100",
      "    state-machine: task load 1000-2010 (code: exit code 3)",
      "      state-machine: publish chasqui.task.k8s.pod 1000-1000",
      "        k8s-runner: process chasqui.task.k8s_pod.{attempt} 1010-1020",
      "          k8s-runner: publish chasqui.inbox.update 1010-1010",
      "            state-machine: process chasqui.inbox.update 1020-1020",
      "        k8s-runner: run k8s.pod 1010-2000 (code: exit code 3)",
      "          k8s-runner: publish chasqui.inbox.update 1090-1090",
      "            state-machine: process chasqui.inbox.update 1100-1100",
      "          k8s-runner: publish chasqui.inbox.update 2000-2000",
      "            state-machine: process chasqui.inbox.update 2010-2010",
      "    state-machine: publish chasqui.event 2010-2010",
      "    state-machine: process chasqui.inbox.run 3000-3000",
      "    state-machine: publish chasqui.event 3000-3000",
      "    state-machine: task load 3000-3500",
      "      state-machine: publish chasqui.task.k8s.pod 3000-3000",
      "        k8s-runner: process chasqui.task.k8s_pod.{attempt} 3500-3500",
      "          k8s-runner: publish chasqui.inbox.update 3500-3500",
      "            state-machine: process chasqui.inbox.update 3500-3500",
      "    state-machine: publish chasqui.event 3500-3500",
      "    state-machine: task mail 3500-4000",
      "      state-machine: publish chasqui.task.report.email 3500-3500",
      "        report-mailer: process chasqui.task.report_email.{attempt} 3600-3990",
      "          report-mailer: publish chasqui.inbox.update 3990-3990",
      "            state-machine: process chasqui.inbox.update 4000-4000",
      "    state-machine: publish chasqui.event 4000-4000",
      "    state-machine: run started 1000-1000",
    ]
  `);
});

test("told twice, it is the same; no span is given twice, also of a run that was reopened", () => {
  const again = event(8, 5_000, "cmd-1");
  const end = event(9, 6_000, `${idOf("load", -1, 3)}:u1000000`);
  const history = [
    ...JOB_AND_MAIL,
    again("run_reopened"),
    event(10, 5_100, "admit")("run_admitted"),
    end("run_settled", { state: "failed", reason: "task load failed" }),
  ];
  const spans = rebuilt(history);
  expect(rebuilt(history)).toEqual(spans);
  const ids = spans.map(({ span }) => span.spanId);
  expect(new Set(ids).size).toBe(ids.length);
  const root = spans.find(({ span }) => span.spanId === spanIds.run(runId));
  expect(root?.span).toMatchObject({ startMs: 1_000, endMs: 6_000, error: "task load failed" });
});

test("of a run that goes on, what is over is there", () => {
  const spans = rebuilt(JOB_AND_MAIL.slice(0, 4));
  const names = spans.map(({ span }) => span.name);
  expect(names).toContain("run started");
  expect(names).toContain("publish chasqui.task.k8s.pod");
  expect(names.filter((name) => /^(run costs|task |run k8s)/.test(name))).toEqual([]);
});

test("what no runner heard of has no span of a runner: noop, questions, what could not be rendered", () => {
  const cause = event(2, 1_100, `${idOf("own")}:unrendered`);
  const spans = rebuilt([
    created("run_created"),
    created("task_succeeded", { t: "gate", a: 1 }),
    created("task_assigned", { t: "ask", a: 1 }),
    created("task_assigned", { t: "own", a: 1 }),
    cause("attempt_failed", { t: "own", a: 1, failure: { class: "config", message: "with: no" } }),
    event(3, 1_200, `${idOf("ask")}:withdrawn`)("task_cancelled", { t: "ask", a: 1 }),
    event(3, 1_200, `${idOf("ask")}:withdrawn`)("run_settled", { state: "failed" }),
  ]);
  expect(new Set(spans.map(({ service }) => service))).toEqual(
    new Set(["scheduler", "state-machine"]),
  );
  expect(treeOf(spans)).toContain("  state-machine: run costs 1000-1200 (failed)");
  expect(spans.map(({ span }) => span.name)).toContain("process chasqui.inbox.update");
});

test("an attempt that its runner skipped has ended, and one that was lost has, too", () => {
  const skipped = event(2, 1_100, `${idOf("own")}:u1000000`);
  const begun = event(2, 1_100, `${idOf("mail")}:u2`);
  const lost = event(3, 9_000, `${idOf("mail")}:lost`);
  const spans = rebuilt([
    created("run_created"),
    created("task_assigned", { t: "own", a: 1 }),
    created("task_assigned", { t: "mail", a: 1 }),
    skipped("task_skipped", { t: "own", a: 1, reason: "nothing to do" }),
    begun("task_started", { t: "mail", a: 1, acceptedMs: 1_050, startedMs: 1_050 }),
    lost("attempt_failed", { t: "mail", a: 1, failure: { class: "lost", message: "gone" } }),
    lost("run_settled", { state: "failed", reason: "task mail failed" }),
  ]);
  const tree = treeOf(spans);
  expect(tree.filter((line) => !line.startsWith(" "))).toHaveLength(1);
  expect(tree).toContain("    state-machine: task own 1000-1100");
  expect(tree).toContain("        bench.noop: process chasqui.task.bench_noop.{attempt} 1100-1100");
  expect(tree).toContain(
    "        report-mailer: process chasqui.task.report_email.{attempt} 1050-9000 (lost: gone)",
  );
});

const foreign = "cd".repeat(16);
const trigger = { source: "logistics/routes", id: "closed 1" };
const TRIGGER = `trigger:${trigger.source}:${trigger.id}:costs`;
const byTrigger = (trace: string, sampled: string): Partial<StoredRun> => ({
  traceId: trace,
  traceparent: `00-${trace}-${spanIds.trigger(trigger)}-${sampled}`,
  cause: { kind: "trigger", by: `${trigger.source} ${trigger.id}` },
});
const roots = (of: Partial<StoredRun>, startId = TRIGGER): string[] => {
  const cause = event(1, 1_000, startId);
  const spans = rebuilt([cause("run_created"), cause("run_settled", { state: "succeeded" })], of);
  return treeOf(spans).filter((line) => !line.startsWith(" "));
};

test.each([
  [
    "a trigger that nobody traced",
    byTrigger(foreign, "00"),
    ["scheduler: process chasqui.trigger.logistics 1000-1000"],
  ],
  [
    "a trigger in a publisher's trace: its span is the scheduler's own, with the publisher above it",
    byTrigger(foreign, "01"),
    ["scheduler: publish chasqui.inbox.dag 1000-1000", "state-machine: run costs 1000-1000"],
  ],
  [
    "the end of another DAG's run",
    { ...byTrigger(foreign, "00"), cause: { kind: "trigger", by: "chasqui/dag/up run-1@x" } },
    ["scheduler: process chasqui.event.run-settled 1000-1000"],
  ],
  [
    "a backfill",
    { traceparent: undefined, cause: { kind: "backfill", by: "backfill b" } },
    ["state-machine: run costs 1000-1000"],
  ],
  [
    "a person whose browser traces",
    { traceparent: `00-${traceId}-${"1".repeat(16)}-01`, cause: { kind: "manual", by: "user:a" } },
    ["state-machine: run costs 1000-1000"],
  ],
] as const)("what started it: %s", (_, of, expected) => {
  expect(roots(of)).toEqual(expected);
});

test("a run that a task started is below that task, traced or not", () => {
  const parent = { runId: "run-p", taskId: "each", mapIndex: 140, attempt: 2 };
  const task = spanIds.task(attemptIdOf(parent));
  for (const said of [`${spanIds.run("run-p")}-00`, `${task}-01`]) {
    const spans = rebuilt([created("run_created"), created("run_settled", { state: "failed" })], {
      ...{ parent, traceparent: `00-${traceId}-${said}` },
      cause: { kind: "parent", by: "release/each[140]" },
    });
    const parents = spans.map(({ span }) => span.parentSpanId);
    expect(parents.filter((id) => id === task)).toHaveLength(2);
  }
});
