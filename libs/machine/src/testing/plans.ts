// Plans for tests: small DAGs from a literal, random DAGs from a generator.
import fc from "fast-check";
import type { Plan, PlanTask, TriggerRule } from "../plan.ts";

export interface TaskLiteral {
  readonly needs?: readonly string[];
  readonly rule?: TriggerRule;
  readonly kind?: string;
  readonly retries?: number;
  readonly timeoutMs?: number;
  readonly allowFailure?: boolean;
  readonly when?: PlanTask["when"];
}

export function planFrom(tasks: Readonly<Record<string, TaskLiteral>>, timeoutMs = 0): Plan {
  const ids = Object.keys(tasks);
  const indexOf = new Map(ids.map((id, index) => [id, index]));
  const at = (id: string): number => indexOf.get(id) ?? -1;
  const planned = ids.map((id): PlanTask => {
    const { needs = [], rule = "all_success", kind = "test.task", retries = 0 } = tasks[id] ?? {};
    return {
      id,
      kind,
      needs: needs.map(at),
      next: ids.filter((other) => tasks[other]?.needs?.includes(id)).map(at),
      rule,
      when: tasks[id]?.when,
      whenNames: [],
      retries: { max: retries, backoffMs: 100, factor: 2, backoffMsMax: 1_000 },
      timeoutMs: tasks[id]?.timeoutMs ?? 0,
      allowFailure: tasks[id]?.allowFailure ?? false,
      outputNamed: false,
    };
  });
  return { dagId: "test", fingerprint: "f", tasks: planned, indexOf, timeoutMs, defaultParams: {} };
}

const rules: readonly TriggerRule[] = [
  "all_success",
  "all_failed",
  "all_done",
  "all_done_min_one_success",
  "all_skipped",
  "one_success",
  "one_failed",
  "one_done",
  "none_failed",
  "none_failed_min_one_success",
  "none_skipped",
  "always",
];

/** Random DAGs of up to eight tasks: each needs some of those before it. */
export const plans: fc.Arbitrary<Plan> = fc
  .array(
    fc.record({
      needs: fc.array(fc.nat(7), { maxLength: 3 }),
      rule: fc.constantFrom(...rules),
      kind: fc.constantFrom("test.task", "test.task", "test.task", "noop"),
      retries: fc.nat(2),
      timeoutMs: fc.constantFrom(0, 0, 1_000),
      allowFailure: fc.boolean(),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((rows) =>
    planFrom(
      Object.fromEntries(
        rows.map(({ needs, ...rest }, index) => [
          `t${index}`,
          { ...rest, needs: [...new Set(needs.filter((n) => n < index).map((n) => `t${n}`))] },
        ]),
      ),
    ),
  );
