// The faults: each a small edit that somebody could make, and what would go wrong in life.
export interface Fault {
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  readonly why: string;
  readonly project: "unit" | "integration";
  /** Files or folders of the tests that must find it, separated by spaces. */
  readonly tests: string;
}

const machine = "libs/machine/src";
const run = `${machine}/run`;
const core = "services/state-machine/src";
const inMachine = { project: "unit", tests: machine } as const;
const inSimulation = { project: "unit", tests: "tests/simulation" } as const;
const inEngine = { project: "integration", tests: `${core}/handle.it.test.ts` } as const;

export const faults: readonly Fault[] = [
  {
    file: `${run}/updates.ts`,
    find: "if (update.sequence <= task.sequence)",
    replace: "if (update.sequence < task.sequence)",
    why: "a report counts twice",
    ...inMachine,
  },
  {
    file: `${run}/updates.ts`,
    find: "if (update.attempt < task.attempt || !isOutside(task.status)) {",
    replace: "if (!isOutside(task.status)) {",
    why: "an old attempt decides for the new one",
    ...inMachine,
  },
  {
    file: `${run}/updates.ts`,
    find: 'if (task.cancelFor === "run") return emit({ type: "task_cancelled", t, a, s });\n      if (task.cancelFor === "timeout")\n        return fail({ task, planned }, timedOut(planned), s, emit, atMs, times);\n      return fail({ task, planned }, nobodyAsked',
    replace: "return fail({ task, planned }, nobodyAsked",
    why: "a cancelled attempt is repeated",
    ...inMachine,
  },
  {
    file: `${run}/retry.ts`,
    find: "if (paid > planned.retries.max)",
    replace: "if (paid >= planned.retries.max)",
    why: "one repeat too few",
    ...inMachine,
  },
  {
    file: `${run}/retry.ts`,
    find: "Math.min(backoffMsMax, backoffMs",
    replace: "Math.max(backoffMsMax, backoffMs",
    why: "waits longer than the cap",
    ...inMachine,
  },
  {
    file: `${run}/retry.ts`,
    find: "const paid = task.attempt - task.freeRepeats;",
    replace: "const paid = task.attempt;",
    why: "free repeats cost retries",
    ...inMachine,
  },
  {
    file: `${run}/rules.ts`,
    find: 'return red > 0 ? "run" : done ? "skip" : "wait";',
    replace: 'return red > 0 && done ? "run" : done ? "skip" : "wait";',
    why: "one_failed waits for the rest",
    ...inMachine,
  },
  {
    file: `${run}/rules.ts`,
    find: 'return skipped > 0 ? "skip" : done ? "run" : "wait";',
    replace: 'return done ? "run" : "wait";',
    why: "none_skipped runs after a skip",
    ...inMachine,
  },
  {
    file: `${run}/verdict.ts`,
    find: '(rule === "one_failed" || rule === "all_failed") &&',
    replace: '(rule === "one_failed" || rule === "all_failed" || rule === "all_done") &&',
    why: "a clean-up task makes a broken run green",
    ...inMachine,
  },
  {
    file: `${run}/evolve.ts`,
    find: "  draft.unfinished -= 1;\n  if (draft.status",
    replace: "  if (draft.status",
    why: "a run never settles",
    ...inMachine,
  },
  {
    file: `${run}/evolve.ts`,
    find: "      task.sequence = 0;\n",
    replace: "",
    why: "the next attempt's reports are taken for old",
    ...inMachine,
  },
  {
    file: `${run}/follow.ts`,
    find: 'return task?.status === "assigned" && task.acceptedMs === undefined',
    replace: 'return task?.status === "assigned"',
    why: "an accepted assignment is said again",
    ...inMachine,
  },
  {
    file: `${run}/timers.ts`,
    find: 'emit({ type: "run_woke", next: nextWake(draft, atMs) });',
    replace: 'emit({ type: "run_woke", next: undefined });',
    why: "later timers are forgotten",
    ...inMachine,
  },
  {
    file: `${run}/go-on.ts`,
    find: "started < ASSIGN_MAX",
    replace: "started < Infinity",
    why: "one large run holds up all others",
    ...inMachine,
  },
  {
    file: `${machine}/dag/dag.ts`,
    find: "(draft.active.length < draft.maxActiveRuns && !draft.hasWaiting)",
    replace: "draft.active.length < draft.maxActiveRuns",
    why: "a new run overtakes those that wait",
    ...inMachine,
  },
  {
    file: `${machine}/dag/dag.ts`,
    find: "const admitted = free && !draft.paused;",
    replace: "const admitted = free;",
    why: "a paused DAG starts runs",
    ...inMachine,
  },
  {
    file: `${machine}/dag/dag.ts`,
    find: "if (draft.active.length >= draft.maxActiveRuns) return;",
    replace: "",
    why: "more active runs than allowed",
    ...inMachine,
  },
  {
    file: `${core}/judge.ts`,
    find: 'if (!won && !isCurrent(aggregate, evidence)) return { kind: "again" };',
    replace: "",
    why: "nothing-to-do is believed of an old cache",
    ...inSimulation,
  },
  {
    file: `${core}/judge.ts`,
    find: 'return won ? { kind: "done" } : { kind: "again" };',
    replace: 'return { kind: "done" };',
    why: "a message that lost its fence is acked",
    ...inSimulation,
  },
  {
    file: `${core}/core/batch.ts`,
    find: "const again = inbound.redelivered ? stillWanted(run.state, inbound.id) : [];",
    replace: "const again: ReturnType<typeof stillWanted> = [];",
    why: "what a crash kept from being said is never said",
    ...inSimulation,
  },
  {
    file: `${core}/core/batch.ts`,
    find: 'return { ...said, dagEffects: state.active.map((id) => ({ kind: "admit", runId: id })) };',
    replace: "return said;",
    why: "an admission lost in a crash is never said again",
    ...inSimulation,
  },
  {
    file: `${core}/store/commit.sql.ts`,
    find: "where r.run_id = i.run_id and r.version = i.read_version and",
    replace: "where r.run_id = i.run_id and",
    why: "the fence of runs is gone",
    ...inEngine,
  },
  {
    file: `${core}/store/encode.ts`,
    find: "  rows.event.push([runId, version, json(events)]);\n",
    replace: "",
    why: "the history has holes",
    ...inEngine,
  },
  {
    file: `${core}/store/commit.ts`,
    find: "if (!isDataError(thrown)) throw thrown;",
    replace: "throw thrown;",
    why: "one bad message stops a whole batch for ever",
    ...inEngine,
  },
  {
    file: "libs/bus/src/settle.ts",
    find: 'if (error instanceof RejectError) return { kind: "dead", reason: error.message };',
    replace: "",
    why: "wrong input comes again and again",
    project: "unit",
    tests: "libs/bus/src/settle.test.ts",
  },
  {
    file: "libs/bus/src/settle.ts",
    find: "(isOutage ? 0 : 1)",
    replace: "1",
    why: "a neighbour's outage kills messages",
    project: "unit",
    tests: "libs/bus/src/settle.test.ts",
  },
  {
    file: "libs/bus/src/pub-ack.ts",
    find: "if (before >= DIGIT_0 && before <= DIGIT_9) return STORED;",
    replace: "return STORED;",
    why: "a duplicate is taken for stored",
    project: "unit",
    tests: "libs/bus/src/pub-ack.test.ts",
  },
  {
    file: "libs/runner/src/core/admission.ts",
    find: "arrival.deliveryCount > 1 || ",
    replace: "",
    why: "a redelivered assignment begins without asking",
    project: "unit",
    tests: "libs/runner",
  },
  {
    file: "services/report-mailer/src/core/decide.ts",
    find: 'return circumstances.canLookUp ? { do: "look_up" } : { do: "count" };',
    replace: 'return { do: "claim" };',
    why: "a doubtful mail is sent again",
    project: "unit",
    tests: "services/report-mailer",
  },
  {
    file: "services/report-mailer/src/store/put-delivery.ts",
    find: "\n    where delivery.version = excluded.version - 1",
    replace: "",
    why: "two replicas mail the same carrier",
    project: "integration",
    tests:
      "services/report-mailer/src/deliver.it.test.ts services/report-mailer/src/handle.it.test.ts",
  },
];
