// Plans for tests: small DAGs from a literal, random DAGs from a generator.
import fc from "fast-check";
import type { Json, MapPlan, Plan, PlanTask, TaskRole, TriggerRule } from "../plan.ts";
import { GROUP_KIND } from "../plan.ts";

export interface TaskLiteral {
  readonly needs?: readonly string[];
  readonly rule?: TriggerRule;
  readonly kind?: string;
  readonly role?: TaskRole;
  readonly setups?: readonly string[];
  readonly retries?: number;
  readonly rules?: PlanTask["retries"]["rules"];
  readonly timeoutMs?: number;
  readonly totalTimeoutMs?: number;
  readonly startTimeoutMs?: number;
  readonly allowFailure?: boolean;
  readonly when?: PlanTask["when"];
  readonly whenOfItem?: boolean;
  /** Makes it mapped; with kind `group` it maps the tasks that name it. */
  readonly items?: MapPlan["items"];
  readonly parallel?: number;
  readonly itemsMax?: number;
  readonly group?: string;
  readonly pools?: readonly string[];
  readonly priority?: number;
  readonly named?: boolean;
  readonly past?: boolean;
  readonly was?: readonly string[];
}

/** A list of so many items. */
export const itemsOf =
  (count: number): MapPlan["items"] =>
  () => ({ ok: true, value: Array.from({ length: count }, (_, index): Json => ({ n: index })) });

/** So many items at first, then so many, in turn: a list that is longer or shorter when it is made anew. */
function inTurn(counts: readonly number[]): MapPlan["items"] {
  let made = 0;
  return (scope) => itemsOf(counts[made++ % counts.length] ?? 0)(scope);
}

export interface PlanOptions {
  readonly timeoutMs?: number;
  readonly maxActiveTasks?: number;
}

export function planFrom(
  tasks: Readonly<Record<string, TaskLiteral>>,
  { timeoutMs = 0, maxActiveTasks = 0 }: PlanOptions = {},
): Plan {
  const ids = Object.keys(tasks);
  const indexOf = new Map(ids.map((id, index) => [id, index]));
  return {
    dagId: "test",
    fingerprint: "f",
    tasks: ids.map((id) => taskFrom(id, tasks, ids)),
    indexOf,
    timeoutMs,
    maxActiveTasks,
    defaultParams: {},
  };
}

function taskFrom(
  id: string,
  tasks: Readonly<Record<string, TaskLiteral>>,
  ids: readonly string[],
): PlanTask {
  const at = (other: string): number => ids.indexOf(other);
  const literal = tasks[id] ?? {};
  const { needs = [], items, kind = "test.task", group, retries = 0 } = literal;
  const members =
    kind === GROUP_KIND ? ids.filter((other) => tasks[other]?.group === id).map(at) : [at(id)];
  const mapper = group === undefined ? (items === undefined ? undefined : at(id)) : at(group);
  const inner = ids.filter((other) => group !== undefined && tasks[other]?.group === group);
  return {
    id,
    kind,
    role: literal.role ?? "work",
    needs: needs.map(at),
    next: ids.filter((other) => tasks[other]?.needs?.includes(id)).map(at),
    rule: literal.rule ?? "all_success",
    setups: (literal.setups ?? []).map(at),
    when: literal.when,
    whenNames: [],
    whenOfItem: literal.whenOfItem ?? false,
    map:
      items === undefined
        ? undefined
        : {
            items,
            names: [],
            members,
            parallel: literal.parallel ?? 0,
            itemsMax: literal.itemsMax ?? 1_024,
          },
    mapper: kind === GROUP_KIND ? undefined : mapper,
    member: Math.max(0, inner.indexOf(id)),
    claims: (literal.pools ?? []).map((pool) => ({
      pool: () => ({ ok: true, value: pool }),
      slots: 1,
      size: undefined,
    })),
    priority: literal.priority ?? 0,
    dependsOnPast: literal.past ?? false,
    was: literal.was ?? [],
    retries: {
      max: retries,
      backoffMs: 100,
      factor: 2,
      backoffMsMax: 1_000,
      rules: literal.rules ?? [],
    },
    timeoutMs: literal.timeoutMs ?? 0,
    totalTimeoutMs: literal.totalTimeoutMs ?? 0,
    startTimeoutMs: literal.startTimeoutMs ?? 0,
    allowFailure: literal.allowFailure ?? false,
    outputNamed: literal.named ?? false,
    produces: [],
  };
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

const row = fc.record({
  needs: fc.array(fc.nat(9), { maxLength: 3 }),
  rule: fc.constantFrom("all_success" as const, ...rules),
  kind: fc.constantFrom("test.task", "test.task", "test.task", "noop", "approval"),
  role: fc.constantFrom("work", "work", "work", "work", "work", "setup", "teardown", "on_exit"),
  retries: fc.nat(2),
  timeoutMs: fc.constantFrom(0, 0, 1_000),
  totalTimeoutMs: fc.constantFrom(0, 0, 3_000),
  startTimeoutMs: fc.constantFrom(0, 0, 500),
  allowFailure: fc.boolean(),
  count: fc.constantFrom(-1, -1, -1, 0, 1, 3),
  later: fc.constantFrom(0, 1, 2, 3, 4),
  parallel: fc.nat(2),
  place: fc.constantFrom("out", "out", "group"),
  pools: fc.constantFrom([], [], [], ["a"], ["a", "b"]),
  past: fc.constantFrom(false, false, false, true),
});
type Row = typeof row extends fc.Arbitrary<infer T> ? T : never;

/**
 * Random DAGs of up to ten tasks: each needs some of those before it; some are mapped, some stand in a group that is,
 * with teardowns, on-exit tasks and pools among them.
 */
export const plans: fc.Arbitrary<Plan> = fc
  .record({
    rows: fc.array(row, { minLength: 1, maxLength: 9 }),
    groupCount: fc.constantFrom(0, 1, 2, 3),
    groupLater: fc.constantFrom(0, 1, 2, 3),
    groupParallel: fc.nat(2),
    maxActiveTasks: fc.constantFrom(0, 0, 2),
  })
  .map(({ rows, groupCount, groupLater, groupParallel, maxActiveTasks }) => {
    const items = inTurn([groupCount, groupLater]);
    const literals: Record<string, TaskLiteral> = {
      g: { kind: GROUP_KIND, items, parallel: groupParallel },
    };
    const inGroup = (index: number): boolean => rows[index]?.place === "group";
    for (const [index, one] of rows.entries())
      literals[`t${index}`] = literalOf(one, index, inGroup, rows);
    if (!rows.some((_, index) => inGroup(index))) delete literals["g"];
    return planFrom(literals, { maxActiveTasks });
  });

function literalOf(
  one: Row,
  index: number,
  inGroup: (index: number) => boolean,
  rows: readonly Row[],
): TaskLiteral {
  const { place, count, later, parallel, needs, role, pools, ...rest } = one;
  const group = place === "group";
  const before = [...new Set(needs)].filter(
    // Needs of a group's tasks stay within it; nobody needs an on-exit task.
    (n) => n < index && (!group || inGroup(n)) && rows[n]?.role !== "on_exit",
  );
  const isExit = role === "on_exit" && !group;
  const used = group && role === "on_exit" ? "work" : (role as TaskRole);
  const setups = before.filter((n) => rows[n]?.role === "setup").map((n) => `t${n}`);
  return {
    ...rest,
    pools,
    role: used,
    needs: isExit ? [] : before.map((n) => `t${n}`),
    setups: used === "teardown" ? setups : [],
    ...(group ? { group: "g" } : {}),
    ...(!group && count >= 0 ? { items: inTurn([count, later]), parallel } : {}),
  };
}
