// The sweeper: says again what the rows want and nobody heard, by the rules of the real one. It changes no state.
import type { OutMessage } from "../../libs/bus/src/index.ts";
import { allWanted, isSettled } from "../../libs/machine/src/index.ts";
import type { RunEffect, TaskState } from "../../libs/machine/src/index.ts";
import type { CachedRun } from "../../services/state-machine/src/core/aggregates.ts";
import * as unheard from "../../services/state-machine/src/core/unheard.ts";
import {
  inboxMessage,
  reopenRun,
  settleRun,
} from "../../services/state-machine/src/say/messages.ts";
import { releaseSlots } from "../../services/state-machine/src/say/pool-messages.ts";
import type { Action } from "./action.ts";
import type { Outside } from "./outside.ts";
import type { Random } from "../support/random.ts";
import type { Voice } from "./say.ts";
import { AGAIN_MS, againAt, post, publish, sayEffect } from "./say.ts";
import { taskAt } from "./task-at.ts";

export class Sweeper {
  readonly #random: Random;
  /** What it has read, and stands still before it says it. */
  #unsaid: readonly OutMessage[] | undefined;

  constructor(random: Random) {
    this.#random = random;
  }

  actions(
    voice: Voice,
    outside: Outside,
    { faults, standsStill }: { readonly faults: boolean; readonly standsStill: boolean },
  ): Action[] {
    const unsaid = this.#unsaid;
    if (unsaid === undefined)
      return [["sweep", 0.5, () => this.#sweep(voice, outside, standsStill)]];
    const say = (): void => {
      this.#unsaid = undefined;
      publish(voice, unsaid);
    };
    return [["the sweeper goes on", faults ? 0.3 : 3, say]];
  }

  #sweep(voice: Voice, outside: Outside, standsStill: boolean): void {
    const said = sweep(voice, outside);
    if (standsStill && this.#random.chance(0.3)) this.#unsaid = said;
    else publish(voice, said);
  }
}

function sweep(voice: Voice, outside: Outside): readonly OutMessage[] {
  const { bus, database, nowMs } = voice;
  const call: OutMessage[] = [];
  const again: Voice = { ...voice, again: againAt(nowMs), call };
  const isLost = bus.wentBack;
  bus.wentBack = false;
  for (const runId of database.runs.keys()) {
    const run = database.readRun(runId);
    if (run === undefined) continue;
    sweepRun(again, run);
    if (isLost && !isSettled(run.state.status)) sayWanted(again, run, { accepted: true });
  }
  for (const [pool, { claims }] of database.pools)
    for (const claim of claims)
      if (unheard.isDeadClaim(claim, taskAt(database.state(claim.runId), claim)))
        post(again, releaseSlots(claim.runId, { ...claim, pool }, again.again));
  // A job runner holds its evidence until the attempt is settled, and says it again.
  for (const pod of outside.pods.values()) if (pod.state !== "running") pod.reported = false;
  return call;
}

function sweepRun(again: Voice, run: CachedRun): void {
  const { database, nowMs } = again;
  const { runId, dagId } = run.meta;
  const patience: unheard.Patience = { nowMs, olderMs: AGAIN_MS };
  const { state } = run;
  const isUnheard = state.tasks.some(
    (task) =>
      unheard.isUnaccepted(task, patience) ||
      unheard.isQueuedUnheard(task, claimsOf(again, run, task), patience) ||
      unheard.isHeldUnheard(task, { run: state, before: before(again, run, task) }, patience),
  );
  if (isUnheard) sayWanted(again, run, { accepted: false });
  for (const [slot, task] of state.tasks.entries())
    if (unheard.isChildUnheard(task, database.state(task.child?.runId ?? ""), patience))
      sayEffect(again, run, { kind: "assign", slot, attempt: task.attempt });
  const dag = database.loadDag(dagId)?.state ?? { active: [] };
  if (unheard.isAdmittedUnheard(state, dag, patience)) {
    const id = `admit:${runId}:${run.version}`;
    post(again, inboxMessage("run", runId, id, { case: "admitRun", value: { runId } }));
  }
  if (unheard.isSlotlessUnheard(state, dag, patience)) post(again, reopenRun(run));
  if (unheard.isSettledUnheard(state, dag, patience)) post(again, settleRun(run));
}

function sayWanted(again: Voice, run: CachedRun, options: { readonly accepted: boolean }): void {
  const isOwn = ({ kind }: RunEffect): boolean => kind !== "tell_dag";
  for (const effect of allWanted(run.state, options).filter(isOwn)) sayEffect(again, run, effect);
}

function claimsOf({ database }: Voice, { meta, state }: CachedRun, task: TaskState) {
  const taskId = state.plan.tasks[task.plan]?.id;
  return [...database.pools.values()].flatMap(({ claims }) =>
    claims.filter(
      (claim) =>
        claim.runId === meta.runId && claim.taskId === taskId && claim.mapIndex === task.mapIndex,
    ),
  );
}

/** The same task in the run before. */
function before({ database }: Voice, { state }: CachedRun, task: TaskState): TaskState | undefined {
  const taskId = state.plan.tasks[task.plan]?.id ?? "";
  return taskAt(database.state(state.facts.previousRunId ?? ""), { taskId, mapIndex: -1 });
}
