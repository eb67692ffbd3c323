// The sweeper: says again what the rows want and nobody heard. It changes no state.
import { allWanted, isSettled } from "../../libs/machine/src/index.ts";
import { examplePlan } from "./example-plan.ts";
import type { ModelBus } from "./model-bus.ts";
import type { ModelDatabase } from "./model-database.ts";
import type { Outside } from "./outside.ts";
import { sayEffect } from "./replica.ts";

export function sweep(
  bus: ModelBus,
  database: ModelDatabase,
  outside: Outside,
  nowMs: number,
): void {
  const { active } = database.loadDag().state;
  for (const [runId, row] of database.runs) {
    const state = database.state(runId);
    if (state === undefined) continue;
    if (isSettled(state.status) && !active.includes(runId)) continue;
    for (const effect of allWanted(state, { accepted: true }))
      sayEffect(bus, row.meta, examplePlan.tasks, effect, nowMs, "none");
    if (state.status === "queued" && active.includes(runId))
      bus.inbox.publish(`admit:${runId}`, { to: "run", runId, message: { kind: "admit" } }, nowMs);
  }
  // A job runner holds its evidence until the attempt is settled, and says it again.
  for (const pod of outside.pods.values()) if (pod.state !== "running") pod.reported = false;
}
