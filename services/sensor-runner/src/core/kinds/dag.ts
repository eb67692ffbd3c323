// What another DAG's run means to a wait. Pure.
import { fitted } from "../fit-output.ts";
import type { Json, JsonMap, Seen } from "../wait.ts";

export const runWords = [
  "queued",
  "running",
  "cancelling",
  "succeeded",
  "failed",
  "cancelled",
] as const;
export const taskWords = [
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
] as const;
export type StateWord = (typeof runWords)[number] | (typeof taskWords)[number];

const SETTLED: readonly StateWord[] = ["succeeded", "failed", "cancelled"];
const BAD_RUNS: readonly StateWord[] = ["failed", "cancelled"];
const BAD_TASKS: readonly StateWord[] = ["failed", "upstream_failed", "cancelled", "removed"];

/** Which of its runs. */
export type Which =
  | { readonly by: "key"; readonly key: string }
  /** Logical times from one instant up to another; `text` is how the author wrote it. */
  | {
      readonly by: "time";
      readonly fromMs: number;
      readonly untilMs: number;
      readonly text: string;
    };

export interface DagConfig {
  readonly dag: string;
  readonly task: string | undefined;
  readonly which: Which;
  readonly allowed: readonly StateWord[];
  readonly failed: readonly StateWord[];
  readonly skipped: readonly StateWord[];
}

export interface FoundRun {
  readonly runId: string;
  readonly key: string;
  readonly logicalMs: number;
  readonly state: StateWord;
  readonly reason: string;
}

export interface FoundTask {
  readonly state: StateWord;
  /** Null for none. */
  readonly output: Json;
  readonly reason: string;
}

/** Ends that are bad, unless the task says that they are wanted or skip it. */
export function badEnds(
  of: "run" | "task",
  wanted: { readonly allowed: readonly StateWord[]; readonly skipped: readonly StateWord[] },
): StateWord[] {
  const bad = of === "run" ? BAD_RUNS : BAD_TASKS;
  return bad.filter((word) => !wanted.allowed.includes(word) && !wanted.skipped.includes(word));
}

/** Only the ends of runs matter, so nothing else need be heard of. */
export const onlyEndsMatter = ({ task, allowed, failed, skipped }: DagConfig): boolean =>
  task === undefined && [...allowed, ...failed, ...skipped].every((word) => SETTLED.includes(word));

/** What is waited for, in words. */
export function whatOf({ dag, task, which, allowed }: DagConfig): string {
  const run = which.by === "key" ? `key ${JSON.stringify(which.key)}` : which.text;
  const whose = task === undefined ? `${dag} of ${run}` : `task ${task} of ${dag} of ${run}`;
  return `${whose} to be ${allowed.join(" or ")}`;
}

/** There is no such run yet; `newest` is the DAG's newest, so that a wrong date is seen at once. */
export function noRun({ dag, which }: DagConfig, newest: FoundRun | undefined): Seen {
  const wanted = which.by === "key" ? `with key ${JSON.stringify(which.key)}` : `of ${which.text}`;
  const there =
    newest === undefined
      ? "it has none"
      : `its newest is of ${iso(newest.logicalMs)}, key ${JSON.stringify(newest.key)}, ${newest.state}`;
  return {
    is: "not_yet",
    note: `${dag} has no run ${wanted}: ${there}`,
    evidence: newest === undefined ? {} : { newest: newest.runId },
  };
}

/** `task`: undefined when the run's version of the DAG has none of that name. */
export function judgeRun(config: DagConfig, run: FoundRun, task: FoundTask | undefined): Seen {
  const { runId, key } = run;
  const whose = `${config.dag} ${JSON.stringify(key)}`;
  const evidence: JsonMap = { run_id: runId, key, run_state: run.state };
  if (config.task !== undefined && task === undefined)
    return {
      is: "over",
      class: "config",
      permanent: true,
      note: `run ${runId} of ${whose} has no task ${config.task}`,
      evidence,
    };
  const { state, reason } = task ?? run;
  const subject = task === undefined ? `run ${runId}` : `task ${config.task} of run ${runId}`;
  const note = `${subject} of ${whose} is ${state}${reason === "" ? "" : `: ${reason}`}`;
  const facts = { ...evidence, ...(task === undefined ? {} : { task_state: state }) };
  if (config.allowed.includes(state))
    return { is: "there", note, output: outputOf(config, run, task) };
  if (config.skipped.includes(state)) return { is: "skip", note };
  if (config.failed.includes(state))
    return { is: "over", class: "upstream", permanent: false, note, evidence: facts };
  return { is: "not_yet", note, evidence: facts };
}

function outputOf({ dag, task }: DagConfig, run: FoundRun, found: FoundTask | undefined): JsonMap {
  const { runId, key, logicalMs, state } = run;
  const output: JsonMap = { dag, run_id: runId, key, logical_time: iso(logicalMs), state };
  if (found === undefined) return output;
  const more = { task: task ?? "", state: found.state, output: found.output };
  return fitted({ ...output, ...more }, "output");
}

const iso = (ms: number): string => new Date(ms).toISOString().replace(".000Z", "Z");
