// The sweeper: says again what the rows want and nobody heard. It changes no state.
import { allWanted, isOutside, isSettled } from "../../libs/machine/src/index.ts";
import type { PoolClaim } from "../../libs/machine/src/index.ts";
import { releaseSlots } from "../../services/state-machine/src/say/pool-messages.ts";
import type { ModelDatabase } from "./model-database.ts";
import type { Outside } from "./outside.ts";
import type { Voice } from "./say.ts";
import { againAt, post, sayEffect } from "./say.ts";

export function sweep(voice: Voice, outside: Outside): void {
  const { bus, database, nowMs } = voice;
  const again: Voice = { ...voice, again: againAt(nowMs) };
  const active = new Set([...database.dags.keys()].flatMap((id) => activeOf(database, id)));
  for (const runId of database.runs.keys()) {
    const run = database.readRun(runId);
    if (run === undefined) continue;
    const { state } = run;
    if (isSettled(state.status) && !active.has(runId)) continue;
    for (const effect of allWanted(state, { accepted: true })) sayEffect(again, run, effect);
    if (state.status === "queued" && active.has(runId))
      bus.inbox.publish(`admit:${runId}`, { to: "run", runId, message: { kind: "admit" } }, nowMs);
  }
  for (const [pool, { claims }] of database.pools)
    for (const claim of claims)
      if (isDead(database, claim))
        post(again, releaseSlots(claim.runId, { ...claim, pool }, again.again));
  // A job runner holds its evidence until the attempt is settled, and says it again.
  for (const pod of outside.pods.values()) if (pod.state !== "running") pod.reported = false;
}

const activeOf = (database: ModelDatabase, dagId: string): readonly string[] =>
  database.loadDag(dagId)?.state.active ?? [];

/** As store/unheard.ts says it: the attempt is not current any more, or neither works nor is in line. */
function isDead(database: ModelDatabase, { runId, taskId, attempt }: PoolClaim): boolean {
  const run = database.state(runId);
  const task = run?.tasks[run.plan.indexOf.get(taskId) ?? -1];
  return task?.attempt !== attempt || !(task.status === "queued" || isOutside(task));
}
