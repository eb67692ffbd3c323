// What a DAG, and a run of its DAG, says once more when a message comes again: its first saying may have been lost.
import { tellPaused } from "@chasqui/machine";
import type { DagEffect, RunEffect, RunMessage, RunState } from "@chasqui/machine";
import type { CachedDag } from "./aggregates.ts";
import type { Inbound } from "./inbound.ts";

/** A run that settled once more meanwhile, or was reopened: whom its message admitted at first may not know it yet. */
export const admitted = ({ active }: CachedDag["state"], said: readonly DagEffect[]): DagEffect[] =>
  active
    .filter((runId) => !said.some((effect) => effect.kind === "admit" && effect.runId === runId))
    .map(admit);

export const admit = (runId: string): DagEffect => ({ kind: "admit", runId });

/** The end of the run that paused its DAG. */
export function pauseAgain({ body }: Inbound, state: CachedDag["state"]): DagEffect[] {
  if (body.to !== "dag" || body.kind !== "other" || body.message.kind !== "settled") return [];
  const { runId } = body.message;
  return tellPaused(state).filter((effect) => effect.runId === runId);
}

/** With overlap cancel_other, the runs that got their slot before this one were to make place for it. */
export function stillToCancel({ overlap, active }: CachedDag["state"], runId: string): DagEffect[] {
  if (overlap !== "cancel_other") return [];
  const before = active.slice(0, Math.max(0, active.indexOf(runId)));
  const reason = "a newer run takes its place";
  return before.map((id) => ({ kind: "cancel_run", runId: id, reason }));
}

/**
 * A command that was decided before may have reopened the run, and its DAG was not asked for a slot. The run may be at
 * work all the same: by an admission from before, heard late.
 */
export function askedAgain({ status }: RunState, { kind }: RunMessage): RunEffect[] {
  const isAtWork = status === "running" || status === "cancelling";
  return isAtWork && (kind === "clear" || kind === "mark") ? [{ kind: "ask_dag" }] : [];
}
