// Limits over all runs are pools: the named one of the installation, and those that exist only for a limit of the DAG.
import type { DagSpec, TaskSpec } from "@chasqui/contracts";
import type { ClaimPlan } from "@chasqui/machine";
import { bad, good } from "../cel/result.ts";
import { renderValue } from "../cel/template.ts";
import { scopeOfRun } from "./scope-of-run.ts";
import type { PlanOptions } from "./scope-of-run.ts";

const KEY_CHARS_MAX = 200;

export function claimsOf(spec: DagSpec, task: TaskSpec, options: PlanOptions): ClaimPlan[] {
  const claims: ClaimPlan[] = [];
  const { pool, poolSlots, maxActive, concurrency } = task;
  if (pool !== "") claims.push(fixed(pool, Math.max(1, poolSlots), undefined));
  // "/" cannot stand in the name of an installation's pool, so these never meet one.
  if (maxActive > 0) claims.push(fixed(`${spec.id}/${task.id}`, 1, maxActive));
  if (concurrency !== undefined)
    claims.push({
      slots: 1,
      size: Math.max(1, concurrency.max),
      pool(facts) {
        const key = renderValue(concurrency.key, scopeOfRun(spec, facts, options));
        if (!key.ok) return key;
        const text = typeof key.value === "string" ? key.value : JSON.stringify(key.value);
        if (text.length > KEY_CHARS_MAX)
          return bad(`${text.length} characters: want at most ${KEY_CHARS_MAX}`);
        return good(`${spec.id}/${task.id}/${text}`);
      },
    });
  return claims;
}

const fixed = (pool: string, slots: number, size: number | undefined): ClaimPlan => ({
  pool: () => good(pool),
  slots,
  size,
});
