// A generator of random valid DAGs in the author's form, with everything that the language has.
import fc from "fast-check";
import type { JsonObject } from "@bufbuild/protobuf";
import { triggerRuleWords } from "../compile/words.ts";
import { schedule } from "./valid-schedule.ts";
import { someTriggers } from "./some-triggers.ts";

const id = fc.stringMatching(/^[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,3})?$/);
const duration = fc.constantFrom("1s", "90s", "30m", "1h30m", "2d", "500ms");
const retries = fc.oneof(
  fc.integer({ min: 0, max: 5 }),
  fc.record({ max: fc.integer({ min: 0, max: 5 }) }),
  fc.record({
    max: fc.integer({ min: 1, max: 5 }),
    backoff: duration,
    factor: fc.constantFrom(1, 1.5, 2),
    max_backoff: duration,
  }),
  fc.record({
    max: fc.integer({ min: 0, max: 5 }),
    on: fc.subarray(["evicted", "lost", "quota"], { minLength: 1 }),
    rules: fc.subarray([
      { when: "failure.exit_code == 99", then: "skip" },
      { when: "attempt > 2", then: "retry", backoff: "1m" },
      { when: "failure.message.contains('no space')", then: "fail" },
    ]),
  }),
);
const optional = { requiredKeys: [] as [] };

const config = fc.oneof(
  fc.constant({ uses: "noop" }),
  fc.record({
    uses: fc.constant("k8s.pod"),
    with: fc.record(
      {
        image: fc.constantFrom("a:1", "${vars.registry}/a:1"),
        args: fc.array(fc.constantFrom("x", "${run.date}", "on", "1", "$${literal}"), {
          maxLength: 3,
        }),
        env: fc.dictionary(
          fc.stringMatching(/^[A-Z]{1,3}$/),
          fc.string({ maxLength: 4 }).map(plain),
        ),
      },
      { requiredKeys: ["image"] },
    ),
  }),
);

function plain(text: string): string {
  return text.replaceAll(/\$+\{+/g, ""); // "$${{" without its middle would be one again
}

const shared = {
  retries,
  timeout: duration,
  total_timeout: duration,
  start_timeout: duration,
  pool: fc.constantFrom("warehouse", { name: "gpu", slots: 3 }, { name: "gpu" }),
  priority: fc.integer({ min: -3, max: 3 }),
};

const forEach = fc.oneof(
  fc.constantFrom<JsonObject[keyof JsonObject][]>("${run.date.split('-')}", "[run.date]", [
    "bogota",
    2,
    { a: "${run.key}" },
  ]),
  fc
    .tuple(
      fc.constantFrom<JsonObject[]>(
        { in: "[1, 2]" },
        { zip: { a: [1, 2], b: "${[3, 4]}" } },
        { product: { day: ["mon"], region: "['n', 's']" } },
      ),
      fc.record(
        {
          parallel: fc.integer({ min: 1, max: 4 }),
          label: fc.constantFrom("${index}", "no ${string(index)}"),
          max: fc.integer({ min: 1, max: 2_000 }),
        },
        optional,
      ),
    )
    .map(([lists, rest]): JsonObject => ({ ...lists, ...rest })),
);

const task = fc
  .tuple(
    config,
    fc.record(
      {
        ...shared,
        description: fc.constantFrom("Loads.", " Loads. "),
        allow_failure: fc.boolean(),
        when: fc.constantFrom(
          "run.date > '2026-01-01'",
          "true",
          "run.is_latest // the newest only",
        ),
        max_active: fc.integer({ min: 1, max: 5 }),
        concurrency: fc.constantFrom({ key: "${run.date}" }, { key: "a", max: 3 }),
        depends_on_past: fc.boolean(),
        produces: fc.subarray(["costs", "routes.daily"]),
        was: fc.subarray(["earlier-x", "even_earlier"], { maxLength: 1 }),
      },
      optional,
    ),
  )
  .map(([kind, rest]) => ({ ...kind, ...rest }));

const rule = fc.constantFrom(...Object.keys(triggerRuleWords));

/** How a task hangs together with others; numbers are reduced to what is possible. */
const place = fc.record({
  needs: fc.array(fc.nat(20), { maxLength: 3 }),
  rule: fc.option(rule, { nil: undefined }),
  forEach: fc.option(forEach, { nil: undefined }),
  role: fc.constantFrom("work", "work", "work", "setup", "teardown"),
});

/** Tasks number `from` to below `to` stand in a group, and so does each group that begins later in the same stretch. */
const group = fc.record({
  from: fc.nat(5),
  size: fc.integer({ min: 1, max: 4 }),
  isMapped: fc.boolean(),
  forEach,
  needs: fc.array(fc.nat(20), { maxLength: 2 }),
  fields: fc.record(
    {
      description: fc.constantFrom("Per region."),
      trigger_rule: rule,
      when: fc.constantFrom("run.date != ''", "true"),
      defaults: fc.record(shared, optional),
    },
    optional,
  ),
});

interface Stretch {
  readonly id: string;
  readonly from: number;
  readonly to: number;
  readonly parent: string | undefined;
  readonly isMapped: boolean;
}

function stretchesOf(
  groups: readonly { readonly from: number; readonly size: number; readonly isMapped: boolean }[],
  count: number,
): Stretch[] {
  const stretches: Stretch[] = [];
  for (const [index, { from, size, isMapped }] of groups.entries()) {
    const start = from % count;
    const outer = stretches.findLast((known) => known.from <= start && start < known.to);
    const to = Math.min(start + size, outer?.to ?? count);
    const overlaps = stretches.some((known) => known.from < to && start < known.from);
    if (overlaps) continue;
    const inMapped = stretches.some(
      (known) => known.isMapped && known.from <= start && start < known.to,
    );
    stretches.push({
      id: `group-${index}`,
      from: start,
      to,
      parent: outer?.id,
      isMapped: isMapped && !inMapped,
    });
  }
  return stretches;
}

/** Tasks need only tasks before them, and groups that end before them. */
const tasksAndGroups = fc
  .tuple(
    fc.uniqueArray(id, {
      minLength: 1,
      maxLength: 6,
      selector: (name) => name.replaceAll("-", "_"),
    }),
    fc.array(group, { maxLength: 2 }),
    fc.array(fc.tuple(task, place), { minLength: 6, maxLength: 6 }),
    fc.option(task, { nil: undefined }),
  )
  .map(([ids, groups, bodies, exit]): JsonObject => {
    const stretches = stretchesOf(groups, ids.length);
    const before = (from: number, picks: readonly number[]): string[] => {
      const known = [
        ...ids.slice(0, from),
        ...stretches.filter(({ to }) => to <= from).map((it) => it.id),
      ];
      return known.length === 0
        ? []
        : [...new Set(picks.map((pick) => known[pick % known.length] ?? ""))];
    };
    const setups = new Map<string, string[]>();
    const tasks = ids.map((name, index): [string, JsonObject] => {
      const [body, at] = bodies[index] ?? [{ was: undefined }, undefined];
      const around = stretches.filter(({ from, to }) => from <= index && index < to);
      const mapped = around.find(({ isMapped }) => isMapped);
      const needs = before(index, at?.needs ?? []);
      const known = setups.get(mapped?.id ?? "") ?? [];
      const role = at?.role === "teardown" && known.length === 0 ? "work" : (at?.role ?? "work");
      if (role === "setup") setups.set(mapped?.id ?? "", [...known, name]);
      const canMap = mapped === undefined && role === "work";
      const hasRule = role !== "teardown" && mapped === undefined;
      return [
        name,
        JSON.parse(
          JSON.stringify({
            ...body,
            group: around.at(-1)?.id,
            needs: needs.length === 0 ? undefined : needs,
            trigger_rule: hasRule ? at?.rule : undefined,
            for_each: canMap ? at?.forEach : undefined,
            setup: role === "setup" ? true : undefined,
            teardown: role === "teardown" ? known : undefined,
            was: body.was?.map((was) => `${was}-${name}`),
          }),
        ),
      ];
    });
    const made = stretches.map(({ id: name, from, parent, isMapped }): [string, JsonObject] => {
      const literal = groups[Number(name.slice(6))];
      const needs = before(from, literal?.needs ?? []);
      return [
        name,
        JSON.parse(
          JSON.stringify({
            ...literal?.fields,
            group: parent,
            needs: needs.length === 0 ? undefined : needs,
            for_each: isMapped ? literal?.forEach : undefined,
          }),
        ),
      ];
    });
    const last: [string, JsonObject][] =
      exit === undefined
        ? []
        : [
            ["zz-exit", { ...exit, on_exit: true }],
            ["zz-each", { uses: "noop", on_exit: true, for_each: ["x", "y"] }],
          ];
    return {
      tasks: Object.fromEntries([...tasks, ...last]),
      ...(made.length === 0 ? {} : { groups: Object.fromEntries(made) }),
    };
  });

/** A valid DAG as an author may write it. */
export const validDag: fc.Arbitrary<JsonObject> = fc
  .record(
    {
      id,
      hung: tasksAndGroups,
      owner: fc.constantFrom("logistics", "ml"),
      description: fc.constantFrom("Daily costs.", "No: yes"),
      tags: fc.subarray(["a", "b", "daily"]),
      schedule,
      triggers: someTriggers,
      params: fc.constant({
        type: "object",
        properties: { day: { type: "string", default: "2026-01-01" }, n: { type: "integer" } },
      }),
      defaults: fc.record(shared, optional),
      alerts: fc
        .subarray(["late", "failed", "retrying", "succeeded"], { minLength: 1 })
        .map((on) => [{ on, slack: "#alerts" }]),
      max_active_runs: fc.integer({ min: 1, max: 20 }),
      max_active_tasks: fc.integer({ min: 1, max: 20 }),
      auto_pause_after: fc.integer({ min: 1, max: 100 }),
      timeout: duration,
      was: fc.subarray(["old-x", "old-y"]),
    },
    { requiredKeys: ["id", "hung"] },
  )
  .map(({ hung, ...dag }): JsonObject => JSON.parse(JSON.stringify({ ...dag, ...hung })));
