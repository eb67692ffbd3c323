// Runs that tasks of other runs start, and wait for: the kind dag.run. Both sides of it.
// The parent names the child in its own history before anybody is asked for a run. So an attempt that is asked to end
// before it named a child can start none any more; and whoever named one knows for ever which run that is.
// Invariants:
//   C1. An attempt names at most one child, and none once it is asked to end.
//   C2. A run hears each attempt that waits for it at most once; a run that is settled hears of none.
//   C3. A run that a waiting task started is cancelled by tasks only when no task waits for it any more.
import type { Json } from "../plan.ts";
import { CHILD_KIND } from "../plan.ts";
import { decideCancel } from "./commands.ts";
import type { Emit } from "./emit.ts";
import type { AttemptReport, RunDecision, RunMessage, TaskRef } from "./messages.ts";
import { moved, nothing, rejected } from "./messages.ts";
import { labelOf, nameOf, slotNamed } from "./slots.ts";
import type { RunState } from "./state.ts";
import { isFinalTask, isSettled } from "./state.ts";

/** The run that an attempt wants. */
export interface Child {
  readonly runId: string;
  readonly dagId: string;
  readonly key: string;
  readonly params: Json;
  /** Until it has settled; otherwise the attempt is done when the run exists. */
  readonly wait: boolean;
  /** States of the run with which the attempt succeeds. */
  readonly allowed: readonly string[];
}

/** An attempt of another run's task, as the child knows it. */
export interface Parent extends TaskRef {
  readonly runId: string;
  readonly dagId: string;
  readonly attempt: number;
  readonly wait: boolean;
  readonly allowed: readonly string[];
  /** How many runs are above the child: 1 when nothing started the parent's run. */
  readonly depth: number;
  /** The runs that wait for the child, be it through others, the parent's last. */
  readonly waiting: readonly string[];
  /** The child exists because of it; others only joined. */
  readonly started?: true;
  /** It does not want the child any more. */
  readonly left?: true;
  /** Nor its teardowns. */
  readonly now?: true;
}

/** Runs that start runs that start runs …: deeper than this is a circle. */
export const DEPTH_MAX = 10;
const PARENTS_MAX = 1_000;
/** Runs that are told of as waiting: a circle of more is found by `explain`. */
const WAITING_MAX = 100;

export const starterOf = (state: RunState): Parent | undefined =>
  state.parents.find(({ started }) => started === true);

/** How an attempt of a run tells a child of itself; undefined when the run is too deep to start any. */
export function parentOf(
  state: RunState,
  { taskId, mapIndex }: TaskRef,
  { attempt, child }: { readonly attempt: number; readonly child: Child },
): Parent | undefined {
  const { depth = 0 } = starterOf(state) ?? {};
  if (depth >= DEPTH_MAX) return undefined;
  const { id: runId, dagId } = state.facts;
  const { wait, allowed } = child;
  return {
    ...{ runId, dagId, taskId, mapIndex, attempt, wait, allowed },
    depth: depth + 1,
    waiting: wait ? [...waitingFor(state), runId] : [],
  };
}

/** Runs that wait for this one, and those that wait for them, as far as it has heard. */
function waitingFor(state: RunState): string[] {
  const parents = state.parents.filter(({ wait, left }) => wait && left !== true);
  return [...new Set(parents.flatMap(({ waiting }) => waiting))].slice(0, WAITING_MAX);
}

/** Of the runs that would wait for this one, one that it waits for itself. */
function circleWith(state: RunState, { waiting }: Parent): string | undefined {
  if (waiting.includes(state.facts.id)) return state.facts.id;
  const awaited = new Set(
    state.tasks.flatMap(({ child, status }) =>
      child?.wait === true && !isFinalTask(status) ? [child.runId] : [],
    ),
  );
  return waiting.find((runId) => awaited.has(runId));
}

const isSame = (a: Parent, b: Parent): boolean =>
  a.runId === b.runId &&
  a.taskId === b.taskId &&
  a.mapIndex === b.mapIndex &&
  a.attempt === b.attempt;

export function decideNamed(
  draft: RunState,
  { taskId, mapIndex, attempt, child }: Extract<RunMessage, { kind: "child_named" }>,
  emit: Emit,
): RunDecision {
  const task = draft.tasks[slotNamed(draft, taskId, mapIndex) ?? -1];
  if (task === undefined || draft.plan.tasks[task.plan]?.kind !== CHILD_KIND)
    return rejected(`the run has no task ${taskId} of kind ${CHILD_KIND}`);
  if (task.attempt !== attempt || task.status !== "assigned" || task.child !== undefined)
    return nothing(`attempt ${attempt} of ${taskId} wants no other run`);
  emit({ type: "child_named", ...nameOf(draft, task), a: attempt, child });
  return moved;
}

/** A task of another run wants this one, which exists: it waits with the others, or takes what there is. */
export function decideJoined(
  draft: RunState,
  { parent, leaves, now = false }: Extract<RunMessage, { kind: "joined" }>,
  emit: Emit,
): RunDecision {
  const known = draft.parents.find((other) => isSame(other, parent));
  const answers = [{ kind: "tell_parent" as const, parent }];
  const answered = (why: string): RunDecision => ({ kind: "nothing", why, strays: [], answers });
  if (isSettled(draft.status)) return answered(`the run has ${draft.status}`);
  if (!parent.wait) return answered("the run exists");
  if (leaves !== undefined)
    return leave(draft, { parent, known, why: leaves, now }, emit) ?? answered("it had left");
  if (known !== undefined) return answered("it waits already");
  const other = circleWith(draft, parent);
  if (other !== undefined) return rejected(inCircle(draft.facts.id, other, parent));
  if (draft.parents.length >= PARENTS_MAX)
    return rejected(
      `run ${draft.facts.id}: ${PARENTS_MAX} attempts have waited for it: want no more`,
    );
  emit({ type: "parent_joined", parent });
  return moved;
}

function inCircle(id: string, other: string, { taskId, runId }: Parent): string {
  if (other === id)
    return `run ${id} cannot be waited for: it waits for ${taskId} of run ${runId} itself`;
  const way = other === runId ? `run ${runId}` : `run ${other}, which waits for run ${runId}`;
  return `run ${id} cannot be waited for: it waits for ${way} itself (a circle through ${taskId})`;
}

interface Leaving {
  readonly parent: Parent;
  readonly known: Parent | undefined;
  readonly why: string;
  readonly now: boolean;
}

/** Who was never heard of is noted, too: its late word must not bring it back. */
function leave(
  draft: RunState,
  { parent, known, why, now }: Leaving,
  emit: Emit,
): RunDecision | undefined {
  if (known?.left === true && (!now || known.now === true)) return undefined;
  if (known === undefined && draft.parents.length >= PARENTS_MAX) return undefined;
  const left = { left: true as const, ...(now ? { now } : {}) };
  emit({ type: "parent_left", parent: { ...(known ?? parent), ...left } });
  const isOrphan =
    starterOf(draft)?.wait === true &&
    draft.parents.every(({ wait, left }) => !wait || left === true);
  if (isOrphan) decideCancel(draft, { kind: "cancel", now, ...askedBy(parent, why) }, emit);
  return moved;
}

export const askedBy = (
  { dagId, runId, taskId, mapIndex }: Parent,
  why: string,
): { by: string; reason: string } => {
  const label = labelOf(mapIndex < 0 ? { t: taskId } : { t: taskId, i: mapIndex });
  return {
    by: `${dagId}/${label}`,
    reason: `${why} (task ${label} of run ${runId}, which started it)`,
  };
};

export function noteParent(draft: RunState, parent: Parent): void {
  const others = draft.parents.filter((other) => !isSame(other, parent));
  draft.parents = [...others, parent];
}

/** What an attempt is told now; nothing while the run ends for its sake. */
export function answerTo(
  state: RunState,
  asking: Parent,
): { readonly sequence: number; readonly report: AttemptReport } | undefined {
  const parent = state.parents.find((other) => isSame(other, asking)) ?? asking;
  const { status } = state;
  const { id, dagId, key } = state.facts;
  const joined = parent.started !== true;
  const about = { run_id: id, dag: dagId, key, state: status, ...(joined ? { joined } : {}) };
  const last = (report: AttemptReport) => ({ sequence: 2, report });
  if (parent.left === true && status === "cancelled") return last({ state: "cancelled" });
  if (!parent.wait) return last({ state: "succeeded", output: about });
  if (!isSettled(status)) {
    if (parent.left !== true) return { sequence: 1, report: { state: "running" } };
    return status === "cancelling" ? undefined : last({ state: "cancelled" });
  }
  if (parent.allowed.includes(status)) return last({ state: "succeeded", output: about });
  const why = state.reason === undefined ? "" : `: ${state.reason}`;
  const message = `run ${id} of DAG ${dagId} ${joined ? "(which existed) " : ""}${words[status] ?? status}${why}`;
  return last({ state: "failed", failure: { class: "upstream", message, evidence: about } });
}

const words: Readonly<Record<string, string>> = {
  failed: "failed",
  cancelled: "was cancelled",
  succeeded: "succeeded, which is not allowed",
};
