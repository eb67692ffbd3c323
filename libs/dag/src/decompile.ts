// A spec in the form that an author would write: the input of the server's second check, and what `diff` names.
// Invariant: compiling the result gives the same spec (C3 of compile-dag.ts).
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { ForEachMode, TaskRole } from "@chasqui/contracts";
import type {
  DagSpec,
  ForEach,
  GroupSpec,
  RetryPolicy,
  Schedule,
  TaskSpec,
  Trigger,
  TriggerCondition,
} from "@chasqui/contracts";
import type { Duration } from "@bufbuild/protobuf/wkt";
import { formatDuration } from "./text/duration.ts";
import { formatExclusion } from "./time/exclusions.ts";
import { isTimed } from "./time/timing.ts";
import {
  alertWords,
  catchupWords,
  foldWords,
  gapWords,
  outcomeWords,
  overlapWords,
  retryOutcomeWords,
  runsForWords,
  triggerRuleWords,
  wordOf,
} from "./compile/words.ts";

/** Fields that a wire message leaves at nothing are left out; unknown words become text that no check accepts. */
export function specToObject(spec: DagSpec): JsonObject {
  return present({
    id: spec.id,
    owner: spec.owner,
    description: spec.description,
    tags: spec.tags,
    schedule: spec.schedule && scheduleToObject(spec.schedule),
    triggers: spec.triggers.map(triggerToObject),
    params: spec.params,
    groups:
      spec.groups.length === 0
        ? undefined
        : Object.fromEntries(spec.groups.map((group) => [group.id, groupToObject(group)])),
    tasks: Object.fromEntries(spec.tasks.map((task) => [task.id, taskToObject(task)])),
    alerts: spec.alerts.map(({ on, slack }) => ({
      on: on.map((about) => word(alertWords, about)),
      slack,
    })),
    max_active_runs: counted(spec.maxActiveRuns),
    max_active_tasks: counted(spec.maxActiveTasks),
    auto_pause_after: counted(spec.autoPauseAfter),
    timeout: durationText(spec.timeout),
    was: spec.was,
  });
}

function triggerToObject({ on, key, params, batch, rate, within }: Trigger): JsonObject {
  return present({
    ...(on === undefined ? {} : conditionToObject(on)),
    key,
    params,
    batch:
      batch &&
      present({
        window: durationText(batch.window),
        quiet: durationText(batch.quiet),
        max: batch.eventsMax === 0 ? undefined : batch.eventsMax,
      }),
    rate: rate && present({ max: rate.max, per: durationText(rate.per) }),
    within: durationText(within),
  });
}

function conditionToObject({ condition }: TriggerCondition): JsonObject {
  switch (condition.case) {
    case "event":
      return { event: present({ subject: condition.value.subject, when: condition.value.when }) };
    case "dag": {
      const { dagId, states, when } = condition.value;
      const state = states.map((outcome) => word(outcomeWords, outcome));
      return { dag: present({ id: dagId, state, when }) };
    }
    case "asset":
      return { asset: condition.value.name };
    case "all":
    case "any":
      return { [condition.case]: condition.value.conditions.map(conditionToObject) };
    default:
      return {};
  }
}

function scheduleToObject(schedule: Schedule): JsonObject {
  const { timezone, start, end, anchor, dates, key } = schedule;
  const timed = isTimed(schedule);
  const named = (words: Readonly<Record<string, number>>, value: number): string | undefined =>
    value === 0 || !timed ? undefined : word(words, value);
  return present({
    cron: cronOf(schedule),
    every: durationText(schedule.every),
    anchor,
    dates,
    timezone,
    start,
    end,
    exclude: schedule.excludes.map(formatExclusion),
    gap: named(gapWords, schedule.gap),
    fold: named(foldWords, schedule.fold),
    jitter: durationText(schedule.jitter),
    runs_for: named(runsForWords, schedule.runsFor),
    key,
    catchup: schedule.continuous ? undefined : named(catchupWords, schedule.catchup),
    catchup_window: durationText(schedule.catchupWindow),
    overlap: named(overlapWords, schedule.overlap),
  });
}

function cronOf({ crons, once, continuous }: Schedule): JsonValue | undefined {
  if (once) return "@once";
  if (continuous) return "@continuous";
  return crons.length === 0 ? undefined : crons;
}

function taskToObject(task: TaskSpec): JsonObject {
  const { role, concurrency } = task;
  const hasRule = role !== TaskRole.TEARDOWN && role !== TaskRole.ON_EXIT;
  return present({
    description: task.description,
    group: task.group,
    needs: task.needs,
    uses: task.uses,
    with: task.with,
    for_each: task.forEach && forEachToObject(task.forEach),
    when: task.when,
    trigger_rule: hasRule ? ruleWord(task.triggerRule) : undefined,
    setup: role === TaskRole.SETUP ? true : undefined,
    teardown: role === TaskRole.TEARDOWN ? [...task.teardownOf] : undefined,
    on_exit: role === TaskRole.ON_EXIT ? true : undefined,
    retries: task.retries && retriesToObject(task.retries),
    timeout: durationText(task.timeout),
    total_timeout: durationText(task.totalTimeout),
    start_timeout: durationText(task.startTimeout),
    allow_failure: task.allowFailure ? true : undefined,
    pool: poolOf(task),
    priority: task.priority === 0 ? undefined : task.priority,
    max_active: counted(task.maxActive),
    concurrency: concurrency && { key: concurrency.key, max: concurrency.max },
    depends_on_past: task.dependsOnPast ? true : undefined,
    produces: task.produces,
    was: task.was,
  });
}

const poolOf = ({ pool, poolSlots }: TaskSpec): JsonValue | undefined =>
  pool === "" || poolSlots <= 1 ? pool : { name: pool, slots: poolSlots };
const counted = (count: number): number | undefined => (count === 0 ? undefined : count);
const ruleWord = (rule: number): string | undefined =>
  rule === 0 ? undefined : word<number>(triggerRuleWords, rule);

function groupToObject(group: GroupSpec): JsonObject {
  return present({
    description: group.description,
    group: group.parent,
    needs: group.needs,
    for_each: group.forEach && forEachToObject(group.forEach),
    trigger_rule: ruleWord(group.triggerRule),
    when: group.when,
  });
}

function forEachToObject({ lists, mode, parallel, label, itemsMax }: ForEach): JsonObject {
  const named = Object.fromEntries(lists.map((list) => [list.name, list.in]));
  const combined: Readonly<Record<number, JsonObject>> = {
    [ForEachMode.ZIP]: { zip: named },
    [ForEachMode.PRODUCT]: { product: named },
  };
  return present({
    ...(combined[mode] ?? { in: lists[0]?.in }),
    parallel: counted(parallel),
    label,
    max: counted(itemsMax),
  });
}

function retriesToObject({ max, backoff, factor, maxBackoff, rules }: RetryPolicy): JsonObject {
  return present({
    max,
    backoff: durationText(backoff),
    factor: factor === 0 ? 1 : factor,
    max_backoff: durationText(maxBackoff),
    rules: rules.map((rule) =>
      present({
        when: rule.when,
        then: word(retryOutcomeWords, rule.then),
        backoff: durationText(rule.backoff),
      }),
    ),
  });
}

const word = <T>(words: Readonly<Record<string, T>>, value: T): string =>
  wordOf(words, value) ?? String(value);

/** Milliseconds of a protobuf duration. */
export const durationMs = ({ seconds, nanos }: Duration): number =>
  Number(seconds) * 1_000 + nanos / 1_000_000;

export const durationText = (duration: Duration | undefined): string | undefined =>
  duration === undefined ? undefined : formatDuration(durationMs(duration));

/** Without what is absent or empty. */
function present(fields: Record<string, JsonValue | undefined>): JsonObject {
  const entries = Object.entries(fields).flatMap(([key, value]) => {
    const empty =
      value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
    return empty ? [] : [[key, value] as const];
  });
  return Object.fromEntries(entries);
}
