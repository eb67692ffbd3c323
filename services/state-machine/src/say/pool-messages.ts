// What runs and pools tell each other. Ids are derived from the attempt and the pool.
import { attemptIdOf, poolIdOf } from "@chasqui/contracts";
import type { Bus, OutMessage } from "@chasqui/bus";
import type { PoolEffect, RunEffect } from "@chasqui/machine";
import type { CachedPool, CachedRun } from "../core/aggregates.ts";
import { inboxMessage } from "./inbox-message.ts";

type Acquire = Extract<RunEffect, { kind: "acquire" }>;
type Release = Omit<Extract<RunEffect, { kind: "release" }>, "kind">;

export function acquireSlots(run: CachedRun, { slot, attempt, claim }: Acquire): OutMessage[] {
  const { runId, dagId } = run.meta;
  const task = run.state.tasks[slot];
  const planned = run.state.plan.tasks[task?.plan ?? -1];
  if (task === undefined || planned === undefined) return [];
  const { pool, slots, size } = claim;
  const ref = { taskId: planned.id, mapIndex: task.mapIndex };
  const id = `acquire:${attemptIdOf({ runId, ...ref, attempt })}:${poolIdOf(pool)}`;
  const { priority } = planned;
  const value = { pool, slots, priority, dagId, runId, task: ref, attempt };
  const sized = size === undefined ? value : { ...value, size };
  return [inboxMessage("pool", poolIdOf(pool), id, { case: "acquireSlots", value: sized })];
}

/** `again` tells apart what is said once more after a while: the bus drops a copy of what it has seen. */
export function releaseSlots(
  runId: string,
  { taskId, mapIndex, attempt, pool }: Release,
  again = "",
): OutMessage {
  const attemptId = attemptIdOf({ runId, taskId, mapIndex, attempt });
  const id = `release:${attemptId}:${poolIdOf(pool)}${again}`;
  const value = { pool, attemptId };
  return inboxMessage("pool", poolIdOf(pool), id, { case: "releaseSlots", value });
}

export function slotGranted(pool: CachedPool, { claim }: PoolEffect): OutMessage {
  const { runId, taskId, mapIndex, attempt, attemptId } = claim;
  const { pool: name } = pool.state;
  const id = `granted:${attemptId}:${poolIdOf(name)}:${claim.order}`;
  const value = { runId, task: { taskId, mapIndex }, attempt, pool: name, place: claim.order };
  return inboxMessage("run", runId, id, { case: "slotGranted", value });
}

export interface PoolSize {
  readonly pool: string;
  readonly slots: number;
  readonly by: string;
  readonly reason: string;
}

export function setPool(
  { pool, slots, by, reason }: PoolSize,
  id: string,
  more: { readonly declared: boolean; readonly replyTo?: string },
): OutMessage {
  const value = { pool, slots, declared: more.declared, by, reason };
  const extra = more.replyTo === undefined ? {} : { replyTo: more.replyTo };
  return inboxMessage("pool", poolIdOf(pool), id, { case: "setPool", value }, extra);
}

/**
 * What the installation's file says at each start; it counts only when it says something new. Answers whether all of
 * it arrived.
 */
export async function declarePools(
  bus: Pick<Bus, "publish">,
  pools: Readonly<Record<string, number>>,
  { environment, nowMs }: { readonly environment: string; readonly nowMs: number },
): Promise<boolean> {
  const file = `environments/${environment}.yaml`;
  const outcomes = await bus.publish(
    Object.entries(pools).map(([pool, slots]) =>
      setPool(
        { pool, slots, by: file, reason: "the installation's file" },
        `declared:${poolIdOf(pool)}:${slots}:${nowMs}`,
        { declared: true },
      ),
    ),
  );
  return outcomes.every((outcome) => outcome === "stored" || outcome === "duplicate");
}
