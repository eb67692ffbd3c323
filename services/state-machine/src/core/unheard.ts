// What counts as unheard: the rules of the sweeper, one per thing that somebody may have missed. Pure. PostgreSQL finds
// the same rows by statements (store/unheard.ts); store/unheard.it.test.ts holds the two against each other.
import { endedWell, isHeld, isOutside, isReopened, isSettled } from "@chasqui/machine";
import type { DagState, PoolClaim, RunState, TaskState } from "@chasqui/machine";

export interface Patience {
  readonly nowMs: number;
  /** How long something may be unheard. */
  readonly olderMs: number;
}

const isOver = (sinceMs: number | undefined, { nowMs, olderMs }: Patience): boolean =>
  sinceMs !== undefined && sinceMs < nowMs - olderMs;

/** Nobody accepted the assignment, or the end of a cancel was not seen. */
export const isUnaccepted = (task: TaskState, patience: Patience): boolean =>
  task.status === "cancelling" ||
  (task.status === "assigned" &&
    task.acceptedMs === undefined &&
    isOver(task.assignedMs, patience));

/** In line for a pool which does not know of it, or has given it its slots. `claims`: the pools'. */
export const isQueuedUnheard = (
  task: TaskState,
  claims: readonly ClaimSeen[],
  patience: Patience,
): boolean =>
  task.status === "queued" &&
  task.claims.length > 0 &&
  isOver(task.turnMs, patience) &&
  !claims.some(({ attempt, grantedMs }) => attempt === task.attempt && grantedMs === undefined);

type ClaimSeen = Pick<PoolClaim, "attempt" | "grantedMs">;

/** Waits for the run before, which does not know of it, or whose task has ended well. */
export const isHeldUnheard = (
  task: TaskState,
  { run, before }: { readonly run: RunState; readonly before: TaskState | undefined },
  patience: Patience,
): boolean =>
  isHeld(task) &&
  isOver(run.lastMs, patience) &&
  (before === undefined || !before.listeners.includes(run.facts.id) || endedWell(before.status));

/** Wants a run of another DAG and did not hear that it is there, or how it ended. */
export const isChildUnheard = (
  task: TaskState,
  child: Pick<RunState, "settledMs"> | undefined,
  patience: Patience,
): boolean =>
  task.child !== undefined &&
  (task.status === "assigned"
    ? isOver(task.acceptedMs, patience)
    : task.status === "running" && isOver(child?.settledMs, patience));

type Slots = Pick<DagState, "active">;

/** Holds a slot of its DAG and has not begun. */
export const isAdmittedUnheard = (run: RunState, dag: Slots, patience: Patience): boolean =>
  run.status === "queued" && dag.active.includes(run.facts.id) && isOver(run.lastMs, patience);

/**
 * Was reopened and waits for a slot of its DAG, or began all the same and holds none: by an admission from before. A
 * backfill's runs hold none.
 */
export const isSlotlessUnheard = (run: RunState, dag: Slots, patience: Patience): boolean => {
  if (isSettled(run.status) || dag.active.includes(run.facts.id)) return false;
  if (isReopened(run)) return isOver(run.lastMs, patience);
  return run.facts.cause !== "backfill" && isOver(run.startedMs, patience);
};

/** Has settled and still holds a slot of its DAG. */
export const isSettledUnheard = (run: RunState, dag: Slots, patience: Patience): boolean =>
  isSettled(run.status) && dag.active.includes(run.facts.id) && isOver(run.settledMs, patience);

/** The attempt is not current any more, or neither works nor is in line: its slots belong to others. */
export const isDeadClaim = (claim: Pick<PoolClaim, "attempt">, task: TaskState | undefined) =>
  task?.attempt !== claim.attempt || !(task.status === "queued" || isOutside(task));

/** How far a stream had come, and when it began. */
interface Position {
  readonly created: string;
  readonly lastSequence: number;
}

/** The streams of which something is gone since they were noted: made again, or without their last messages. */
export const streamsThatWentBack = (
  noted: Readonly<Record<string, Position>>,
  seen: Readonly<Record<string, Position>>,
): string[] =>
  Object.entries(seen).flatMap(([stream, { created, lastSequence }]) => {
    const before = noted[stream];
    if (before === undefined) return []; // seen for the first time
    return before.created !== created || before.lastSequence > lastSequence ? [stream] : [];
  });
