// What must hold of pools, seen from outside: pods at work against the slots there are, and every slot back at the end.
import type { ModelDatabase } from "./model-database.ts";
import type { Outside } from "./outside.ts";
import { taskAt } from "./task-at.ts";

/** More at work at once than the pool has slots. */
export function overfull(database: ModelDatabase, outside: Outside): string | undefined {
  const out = new Map<string, number>();
  for (const { state, task } of outside.pods.values()) {
    if (state !== "running") continue;
    const claims = taskAt(database.state(task.runId), task)?.claims ?? [];
    for (const { pool, slots } of claims) out.set(pool, (out.get(pool) ?? 0) + slots);
  }
  for (const [pool, slots] of out) {
    const size = database.pools.get(pool)?.row.size ?? 0;
    if (slots > size) return `P1 ${slots} slots of pool ${pool} are at work: want at most ${size}`;
  }
  return undefined;
}

/** Somebody who has ended holds a slot still, or waits for one. */
export function unreturned(database: ModelDatabase): string | undefined {
  for (const [pool, { claims }] of database.pools)
    for (const { runId, taskId, attempt, taken } of claims)
      return `L3 attempt ${attempt} of ${taskId} in run ${runId} ${taken > 0 ? "holds" : "waits for"} a slot of pool ${pool}`;
  return undefined;
}
