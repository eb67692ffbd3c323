// Why something is not at work now, as a chain: each cause is why the one before it holds. Pure: what is known beside the
// run (its DAG, pools, runners, the run before) is an argument.
import { APPROVAL_KIND, CHILD_KIND, GROUP_KIND, isInner } from "../plan.ts";
import { allOfOne, upstreamPending } from "./upstream.ts";
import { admission, ofRun } from "./admission.ts";
import { ofLastTime } from "../run/ready.ts";
import { labelOf, nameOf, slotNamed } from "../run/slots.ts";
import type { Waits } from "./circle.ts";
import { circleInWords, circleThrough } from "./circle.ts";
import type { Durations, Expected, Took } from "./expected.ts";
import type { Turn } from "./forecast.ts";
import { admissionTurn, forecastsOf, placeIn } from "./turns.ts";
import { expectedOf } from "./expected.ts";
import type { Child } from "../run/children.ts";
import type { RunState, TaskState } from "../run/state.ts";
import { isActive, isFinalTask, isHeld } from "../run/state.ts";
import type { PoolState } from "../pool/state.ts";
import { lineOf } from "../pool/state.ts";

export type CauseKind =
  | "paused"
  | "admission"
  | "upstream"
  | "mapping"
  | "max_active_tasks"
  | "past"
  | "pool"
  | "approval"
  | "child"
  | "circle"
  | "timer"
  | "no_runner"
  | "not_accepted"
  | "working"
  | "cancelling"
  | "on_exit"
  | "next"
  | "settled";

export interface Cause {
  readonly kind: CauseKind;
  /** For people. */
  readonly text: string;
  readonly task?: string;
  /** Another run. */
  readonly runId?: string;
  readonly pool?: string;
  readonly untilMs?: number;
}

export interface Explanation {
  /** Absent: the run itself. */
  readonly task: string | undefined;
  readonly state: string;
  readonly causes: readonly Cause[];
  /** When it goes on, if anything tells. */
  readonly expected: Expected | undefined;
}

/** What is known beside the run. */
export interface Surroundings {
  readonly nowMs: number;
  readonly dag: DagFacts;
  /** Those that the run's tasks wait for, by name. */
  readonly pools: ReadonlyMap<string, PoolState>;
  /** Kinds that some runner has announced, and when one was last heard of each. */
  readonly kinds: ReadonlyMap<string, Heard>;
  /** How long its tasks took in earlier runs. */
  readonly durations: Durations;
  /** How long its DAG's runs took, since when the active ones are at work, and how many wait before this one. */
  readonly runs: {
    readonly took: Took | undefined;
    readonly startedMs: readonly (number | undefined)[];
    readonly before: number;
  };
  /** How long any task of another DAG took that holds slots of a pool, or waits before one of this run. */
  readonly tookOf: (dagId: string, taskId: string, isInstance: boolean) => Took | undefined;
  /** When a task of the run before ends, if it is at work there. */
  readonly pastEnds: (taskId: string) => Turn | undefined;
  /** What became of a task in the run before; absent when it had none. */
  readonly past: (taskId: string) => string | undefined;
  /** Runs of other DAGs that its tasks wait for, by id. */
  readonly children: ReadonlyMap<string, { readonly state: string; readonly dag: DagFacts }>;
  /** Who waits for whom, as far as this run's children lead. */
  readonly waits: readonly Waits[];
}

/** A runner says every half minute that it is there. */
export interface Heard {
  /** When that was last; absent: not since we listen. */
  readonly lastMs: number | undefined;
  readonly listeningSinceMs: number;
}

/** Three inventories. */
const SILENT_MS = 90_000;

export interface DagFacts {
  readonly paused: boolean;
  readonly maxActiveRuns: number;
  /** Runs that hold a slot. */
  readonly active: readonly string[];
}

const CHAIN_MAX = 50;
const NEXT_MAX = 20;

/** Of a task or instance; undefined when the run has none of that name. */
export function explainTask(
  state: RunState,
  ref: { readonly taskId: string; readonly mapIndex: number },
  around: Surroundings,
): Explanation | undefined {
  const task = state.tasks[slotNamed(state, ref.taskId, ref.mapIndex) ?? -1];
  if (task === undefined) return undefined;
  const causes = chainOf(state, task, around);
  return {
    task: labelOf(nameOf(state, task)),
    state: task.status,
    causes,
    expected: isFinalTask(task.status)
      ? undefined
      : (expectedOf(state, task, forecastsOf(state, around)) ?? timerOf(causes)),
  };
}

/** The end of the chain may have a time of its own. */
function timerOf(causes: readonly Cause[]): Expected | undefined {
  const atMs = causes.at(-1)?.untilMs;
  return atMs === undefined ? undefined : { atMs, by: "timer", runs: Infinity };
}

function admissionExpected(cause: Cause, state: RunState, around: Surroundings) {
  const turn = cause.kind === "admission" ? admissionTurn(state, around) : undefined;
  return turn && { ...turn, by: "estimate" as const };
}

/** Of a run: what holds it up, or each of its tasks that would be next. */
export function explainRun(state: RunState, around: Surroundings): Explanation[] {
  const whole = ofRun(state, around);
  if (whole !== undefined)
    return [
      {
        ...{ task: undefined, state: state.status, causes: [whole] },
        expected: admissionExpected(whole, state, around),
      },
    ];
  return state.tasks
    .filter((task) => isFrontier(state, task))
    .slice(0, NEXT_MAX)
    .flatMap((task) => {
      const { t, i = -1 } = nameOf(state, task);
      return explainTask(state, { taskId: t, mapIndex: i }, around) ?? [];
    });
}

/** Nothing of its own run is before it. */
function isFrontier(state: RunState, task: TaskState): boolean {
  if (isFinalTask(task.status) || task.isFrame) return false;
  const planned = state.plan.tasks[task.plan];
  if (planned === undefined || planned.kind === GROUP_KIND) return task.status !== "waiting";
  if (task.mapIndex < 0 && isInner(planned, task.plan)) return false;
  return task.status !== "waiting" || upstreamPending(state, task).length === 0;
}

function chainOf(state: RunState, from: TaskState, around: Surroundings): Cause[] {
  const causes: Cause[] = [];
  let task: TaskState | undefined = from;
  while (task !== undefined && causes.length < CHAIN_MAX) {
    if (isFinalTask(task.status)) {
      if (task === from) causes.push({ kind: "settled", text: `it has ${task.status}` });
      return causes;
    }
    const whole = task.status === "waiting" ? ofRun(state, around) : undefined;
    if (whole !== undefined) return [...causes, whole];
    const { cause, next, last } = oneOf(state, task, around);
    causes.push(cause, ...(last === undefined ? [] : [last]));
    task = next;
  }
  return causes;
}

interface Link {
  readonly cause: Cause;
  readonly next?: TaskState | undefined;
  /** Why the cause holds, outside of this run. */
  readonly last?: Cause | undefined;
}

function oneOf(state: RunState, task: TaskState, around: Surroundings): Link {
  const label = labelOf(nameOf(state, task));
  const about = { task: label };
  switch (task.status) {
    case "waiting":
      return waiting(state, task);
    case "queued":
      return { cause: isHeld(task) ? past(state, task, around) : pool(state, task, around) };
    case "awaiting_approval":
      return { cause: approval(task, label) };
    case "retrying":
      return {
        cause: {
          ...{
            kind: "timer",
            text: `${label}: attempt ${task.attempt} failed; it is repeated`,
            ...about,
          },
          ...(task.dueMs === undefined ? {} : { untilMs: task.dueMs }),
        },
      };
    case "cancelling":
      return {
        cause: {
          kind: "cancelling",
          text: `${label} is asked to end, and has not been seen gone`,
          ...about,
        },
      };
    case "assigned":
      if (task.child !== undefined) return child(state, label, task.child, around);
      return { cause: assigned(state, task, around) };
    case "running":
      if (task.isFrame) return frame(state, task);
      if (task.child !== undefined) return child(state, label, task.child, around);
      return {
        cause: { kind: "working", text: `${label} is at work (attempt ${task.attempt})`, ...about },
      };
    default:
      return { cause: { kind: "settled", text: `${label} has ${task.status}`, ...about } };
  }
}

function approval({ approval: open, dueMs }: TaskState, label: string): Cause {
  const { approvers = [], message = "" } = open?.question ?? {};
  const who = approvers.length === 0 ? "a person" : approvers.join(" or ");
  const asked =
    message === "" ? "" : `: ${message.length > 200 ? `${message.slice(0, 200)}…` : message}`;
  const until = dueMs === undefined ? {} : { untilMs: dueMs };
  const text = `${label} waits for the approval of ${who}${asked}`;
  return { kind: "approval", text, task: label, ...until };
}

/** It waits for a run of another DAG; one that is queued there has a cause of its own. */
function child(
  { facts }: RunState,
  label: string,
  { runId, dagId, wait }: Child,
  { children, waits }: Surroundings,
): Link {
  const found = children.get(runId);
  const about = { kind: "child" as const, task: label, runId };
  if (found === undefined)
    return { cause: { ...about, text: `${label} has asked DAG ${dagId} for run ${runId}` } };
  const text = `${label} waits for run ${runId} of DAG ${dagId}, which is ${found.state}`;
  const own = { runId: facts.id, dagId: facts.dagId, task: label, forRunId: runId };
  const others = waits.filter((one) => one.runId !== facts.id);
  const circle = wait ? circleThrough(facts.id, [own, ...others]) : undefined;
  if (circle !== undefined) {
    const words = `runs wait for each other in a circle: ${circleInWords(circle)}; cancel one of them`;
    return { cause: { ...about, text }, last: { kind: "circle", text: words, runId } };
  }
  const last = found.state === "queued" ? admission({ id: runId, dagId }, found.dag) : undefined;
  return { cause: { ...about, text }, last };
}

function frame(state: RunState, task: TaskState): Link {
  const open = allOfOne(state, task).filter(({ status }) => !isFinalTask(status));
  const label = labelOf(nameOf(state, task));
  const [next] = open;
  const cause: Cause = {
    kind: "upstream",
    text: `${label}: ${open.length} instances are not done`,
    task: label,
  };
  return next === task ? { cause } : { cause, next };
}

function waiting(state: RunState, task: TaskState): Link {
  const label = labelOf(nameOf(state, task));
  const planned = state.plan.tasks[task.plan];
  const pending = upstreamPending(state, task);
  const [next] = pending;
  if (next !== undefined) {
    const names = pending.slice(0, 5).map((other) => labelOf(nameOf(state, other)));
    const more = pending.length > 5 ? ` and ${pending.length - 5} more` : "";
    const text = `${label} waits for ${names.join(", ")}${more}`;
    return { cause: { kind: "upstream", text, task: label }, next };
  }
  if (planned?.role === "on_exit")
    return {
      cause: { kind: "on_exit", text: `${label} starts when all else has ended`, task: label },
    };
  const last = ofLastTime(state, task);
  if (last !== undefined) {
    const text = `${label} is mapped anew when ${labelOf(nameOf(state, last))} has ended`;
    return { cause: { kind: "mapping", text, task: label }, next: last };
  }
  const mapping = state.maps.get(planned?.mapper ?? -1);
  if (task.mapIndex >= 0 && mapping?.opened[task.mapIndex] !== true) {
    const text = `${label}: ${mapping?.open ?? 0} instances are at work (parallel)`;
    return { cause: { kind: "mapping", text, task: label } };
  }
  const { maxActiveTasks } = state.plan;
  if (maxActiveTasks > 0 && state.active >= maxActiveTasks) {
    const [busy] = state.tasks.filter(isActive);
    const text = `${label}: ${state.active} of ${maxActiveTasks} tasks of the run are active (max_active_tasks)`;
    return { cause: { kind: "max_active_tasks", text, task: label }, next: busy };
  }
  return { cause: { kind: "next", text: `${label} starts with the next decision`, task: label } };
}

function past(state: RunState, task: TaskState, around: Surroundings): Cause {
  const label = labelOf(nameOf(state, task));
  const runId = state.facts.previousRunId ?? "";
  const { t } = nameOf(state, task);
  const was = around.past(t) ?? "unknown";
  const text = `${label} depends on the past: in the run before, ${runId}, ${t} is ${was}`;
  return { kind: "past", text, task: label, runId };
}

const HOLDERS_SHOWN = 5;

function pool(state: RunState, task: TaskState, { pools }: Surroundings): Cause {
  const label = labelOf(nameOf(state, task));
  const name = task.claims[task.granted]?.pool ?? "";
  const found = pools.get(name);
  if (found === undefined)
    return {
      kind: "pool",
      text: `${label} is in line for pool ${name}, which nobody has made`,
      task: label,
      pool: name,
    };
  const held = [...found.claims.values()].filter(({ grantedMs }) => grantedMs !== undefined);
  const who = held
    .slice(0, HOLDERS_SHOWN)
    .map(
      ({ dagId, taskId, mapIndex, runId }) =>
        `${dagId}/${mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`} of ${runId}`,
    );
  const place = placeIn(lineOf(found), state, task);
  const text = [
    `${label} is in line for pool ${name}: ${found.out} of ${found.size} slots are out`,
    ...(who.length === 0
      ? []
      : [`, held by ${who.join(", ")}${held.length > who.length ? " and others" : ""}`]),
    ...(place < 0 ? [] : [`; ${place} before it`]),
  ].join("");
  const [first] = held;
  return {
    kind: "pool",
    text,
    task: label,
    pool: name,
    ...(first === undefined ? {} : { runId: first.runId }),
  };
}

function assigned(state: RunState, task: TaskState, { kinds, nowMs }: Surroundings): Cause {
  const label = labelOf(nameOf(state, task));
  const kind = state.plan.tasks[task.plan]?.kind ?? "";
  if (task.acceptedMs !== undefined)
    return {
      kind: "working",
      text: `${label} was taken by its runner and is starting`,
      task: label,
    };
  if (kind === APPROVAL_KIND)
    return { kind: "next", text: `${label} is about to be asked`, task: label };
  if (kind === CHILD_KIND)
    return { kind: "next", text: `${label} is about to ask for its run`, task: label };
  const heard = kinds.get(kind);
  if (heard === undefined)
    return { kind: "no_runner", text: `${label}: no runner takes ${kind}`, task: label };
  const silentMs = nowMs - (heard.lastMs ?? heard.listeningSinceMs);
  if (silentMs > SILENT_MS) {
    const seconds = Math.round(silentMs / 1_000);
    const text = `${label}: no runner of ${kind} is alive: none was heard for ${seconds} s`;
    return { kind: "no_runner", text, task: label };
  }
  return {
    kind: "not_accepted",
    text: `${label} waits for a runner of ${kind} to take it`,
    task: label,
  };
}
