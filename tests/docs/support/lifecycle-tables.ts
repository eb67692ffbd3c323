// The tables of docs/run-lifecycle.md, made by asking the machine itself: every state with everything it can be told.
import {
  decide,
  isFinalTask,
  newRun,
  noCounts,
  ruleVerdict,
  type AttemptReport,
  type Counts,
  type Plan,
  type PlanTask,
  type RunMessage,
  type RunState,
  type RunStatus,
  type TaskStatus,
  type TriggerRule,
} from "../../../libs/machine/src/index.ts";

export const triggerRules = [
  "all_success",
  "all_failed",
  "all_done",
  "all_done_min_one_success",
  "all_skipped",
  "one_success",
  "one_failed",
  "one_done",
  "none_failed",
  "none_failed_min_one_success",
  "none_skipped",
  "always",
] as const satisfies readonly TriggerRule[];

export const taskStatuses = [
  "waiting",
  "queued",
  "assigned",
  "running",
  "cancelling",
  "retrying",
  "awaiting_approval",
  "succeeded",
  "failed",
  "skipped",
  "upstream_failed",
  "cancelled",
  "removed",
] as const satisfies readonly TaskStatus[];

/** States that no report leads to: pools, people and mapped tasks do. */
export const unreached: ReadonlySet<TaskStatus> = new Set([
  "queued",
  "awaiting_approval",
  "removed",
]);

export const runStatuses = [
  "queued",
  "running",
  "cancelling",
  "succeeded",
  "failed",
  "cancelled",
] as const satisfies readonly RunStatus[];

const ends = [
  "unfinished",
  "succeeded",
  "failed",
  "skipped",
  "upstream_failed",
  "removed",
] as const;

/** Two upstream tasks, in every way that they can have ended. */
export function triggerRuleTable(): string {
  const rows = ends.flatMap((first, index) =>
    ends.slice(index).map((second) => {
      const counts = countsOf([first, second]);
      const verdicts = triggerRules.map((rule) => ruleVerdict(rule, counts, 2));
      return [
        `${first}, ${second}`,
        ...verdicts.map((verdict) => (verdict === "wait" ? "·" : verdict)),
      ];
    }),
  );
  return table(["upstream", ...triggerRules.map((rule) => `\`${rule}\``)], rows);
}

function countsOf(states: readonly (typeof ends)[number][]): Counts {
  const counts = noCounts();
  for (const state of states) {
    if (state === "upstream_failed") counts.upstreamFailed += 1;
    else if (state !== "unfinished") counts[state] += 1;
  }
  return counts;
}

const NOW_MS = 1_000_000;
const RETRIES = { max: 1, backoffMs: 1_000, factor: 1, backoffMsMax: 1_000, rules: [] };

const reports: readonly (readonly [string, AttemptReport])[] = [
  ["accepted", { state: "accepted" }],
  ["running", { state: "running" }],
  ["succeeded", { state: "succeeded" }],
  ["failed, retries left", { state: "failed", failure: { class: "code", message: "exit 1" } }],
  [
    "failed for good",
    { state: "failed", failure: { class: "code", message: "exit 1", permanent: true } },
  ],
  ["skipped", { state: "skipped", reason: "nothing to do" }],
  ["cancelled", { state: "cancelled" }],
];

interface Situation {
  readonly name: string;
  readonly status: TaskStatus;
  readonly cancelFor?: "run" | "timeout";
}

const situations: readonly Situation[] = taskStatuses.flatMap((status): Situation[] =>
  unreached.has(status)
    ? []
    : status === "cancelling"
      ? [
          { name: "`cancelling` for the run", status, cancelFor: "run" },
          { name: "`cancelling` for its timeout", status, cancelFor: "timeout" },
        ]
      : [{ name: `\`${status}\``, status }],
);

/** A task in each state, with each report of its current attempt. */
export function reportTable(): string {
  const messages = [
    ...reports.map(([name, report]): [string, RunMessage] => [name, updateOf(report)]),
    ["lost", lost] satisfies [string, RunMessage],
  ];
  const rows = situations.map((situation) => [
    situation.name,
    ...messages.map(([, message]) => after(situation, message)),
  ]);
  return table(["the task is", ...messages.map(([name]) => name)], rows);
}

/** A run in each state, with each message that is not about a task. */
export function runTable(): string {
  const messages: readonly (readonly [string, RunMessage])[] = [
    ["admitted", { kind: "admit" }],
    ["cancel", { kind: "cancel", by: "user:ana", reason: "" }],
    ["its timeout is due", { kind: "timer" }],
    ["its last task succeeds", updateOf({ state: "succeeded" })],
    [
      "its last task fails",
      updateOf({ state: "failed", failure: { class: "config", message: "" } }),
    ],
    ["its last task is cancelled", updateOf({ state: "cancelled" })],
  ];
  const rows = runStatuses.map((status) => [
    `\`${status}\``,
    ...messages.map(([, message]) => runAfter(status, message)),
  ]);
  return table(["the run is", ...messages.map(([name]) => name)], rows);
}

function updateOf(report: AttemptReport): RunMessage {
  const { startedMs, endedMs } = { startedMs: NOW_MS, endedMs: NOW_MS };
  const of = { taskId: "work", mapIndex: -1, attempt: 1, sequence: 2 };
  return { kind: "update", ...of, startedMs, endedMs, report };
}

const lost: RunMessage = {
  kind: "lose",
  taskId: "work",
  mapIndex: -1,
  attempt: 1,
  evidence: "nobody holds it",
};

function taskOf(id: string): PlanTask {
  return {
    id,
    kind: "test.task",
    needs: [],
    next: [],
    rule: "all_success",
    when: undefined,
    whenNames: [],
    retries: RETRIES,
    timeoutMs: 60_000,
    allowFailure: false,
    outputNamed: false,
    role: "work",
    setups: [],
    whenOfItem: false,
    map: undefined,
    mapper: undefined,
    member: 0,
    claims: [],
    priority: 0,
    dependsOnPast: false,
    totalTimeoutMs: 0,
    startTimeoutMs: 0,
    produces: [],
  };
}

function runOf(tasks: readonly PlanTask[], timeoutMs: number): RunState {
  const indexOf = new Map(tasks.map(({ id }, index) => [id, index]));
  const plan: Plan = {
    dagId: "example",
    fingerprint: "f",
    tasks,
    indexOf,
    timeoutMs,
    maxActiveTasks: 0,
    defaultParams: {},
  };
  const facts = { id: "run-example", dagId: "example", key: "k", logicalMs: 0 };
  return newRun({ plan, facts, params: null, event: null });
}

/** What a task becomes. The other task keeps the run from settling. */
function after({ status, cancelFor }: Situation, message: RunMessage): string {
  const state = runOf([taskOf("work"), taskOf("other")], 0);
  Object.assign(state, { status: cancelFor === "run" ? "cancelling" : "running", lastMs: 1 });
  const task = state.tasks[0];
  const other = state.tasks[1];
  if (task === undefined || other === undefined) throw new Error("the plan has two tasks");
  Object.assign(task, { status, attempt: status === "waiting" ? 0 : 1, sequence: 1, cancelFor });
  Object.assign(other, { status: "running", attempt: 1 });
  state.unfinished = isFinalTask(status) ? 1 : 2;
  const { decision, events } = decide(state, message, { nowMs: NOW_MS, cause: "m" });
  if (decision.kind === "rejected") return "dead letter";
  if (events.length === 0) return decision.strays.length > 0 ? "· and a cancel" : "·";
  return `\`${task.status}\``;
}

function runAfter(status: RunStatus, message: RunMessage): string {
  const state = runOf([taskOf("work")], 1_000);
  const settled = status !== "queued" && status !== "running" && status !== "cancelling";
  Object.assign(state, {
    status,
    lastMs: 1,
    startedMs: status === "queued" ? undefined : 1,
    settledMs: settled ? 1 : undefined,
    wakeMs: settled ? undefined : 1_001,
    unfinished: settled ? 0 : 1,
  });
  const task = state.tasks[0];
  if (task === undefined) throw new Error("the plan has a task");
  const working = status === "cancelling" ? "cancelling" : "running";
  Object.assign(task, {
    status: status === "queued" ? "waiting" : settled ? "succeeded" : working,
    attempt: status === "queued" ? 0 : 1,
    cancelFor: status === "cancelling" ? "run" : undefined,
  });
  const before = state.status;
  const { decision, events } = decide(state, message, { nowMs: NOW_MS, cause: "m" });
  if (decision.kind === "rejected") return "dead letter";
  return events.length === 0 || state.status === before ? "·" : `\`${state.status}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
