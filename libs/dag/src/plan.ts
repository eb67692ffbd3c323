// A compiled DAG as the machine wants it: indexes instead of names, conditions as closures.
import type { Duration } from "@bufbuild/protobuf/wkt";
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { DagSpec, TaskSpec } from "@chasqui/contracts";
import { TriggerRule as Rule } from "@chasqui/contracts";
import type {
  Plan,
  PlanTask,
  RetryPolicy,
  Scope as MachineScope,
  TriggerRule,
} from "@chasqui/machine";
import { compileCondition } from "./cel/condition.ts";
import { referencedTasks } from "./cel/referenced-tasks.ts";
import type { Result } from "./cel/result.ts";
import { createScope } from "./cel/scope.ts";
import type { Scope } from "./cel/scope.ts";
import { containsTemplate, renderValue } from "./cel/template.ts";
import { resolveParams } from "./schema/params.ts";

const ruleNames: Readonly<Record<number, TriggerRule>> = {
  [Rule.UNSPECIFIED]: "all_success",
  [Rule.ALL_SUCCESS]: "all_success",
  [Rule.ALL_FAILED]: "all_failed",
  [Rule.ALL_DONE]: "all_done",
  [Rule.ALL_DONE_MIN_ONE_SUCCESS]: "all_done_min_one_success",
  [Rule.ALL_SKIPPED]: "all_skipped",
  [Rule.ONE_SUCCESS]: "one_success",
  [Rule.ONE_FAILED]: "one_failed",
  [Rule.ONE_DONE]: "one_done",
  [Rule.NONE_FAILED]: "none_failed",
  [Rule.NONE_FAILED_MIN_ONE_SUCCESS]: "none_failed_min_one_success",
  [Rule.NONE_SKIPPED]: "none_skipped",
  [Rule.ALWAYS]: "always",
};

const DEFAULT_BACKOFF_MS = 30_000;
const DEFAULT_BACKOFF_MS_MAX = 10 * 60_000;

/** What an installation adds to what a run's expressions see. */
export interface PlanOptions {
  readonly vars: JsonObject;
}

/** Total on any spec that `compileDag` accepted; a `needs` that names no task is an error of the caller. */
export function planOf(spec: DagSpec, fingerprint: string, options: PlanOptions): Plan {
  const indexOf = new Map(spec.tasks.map((task, index) => [task.id, index]));
  const find = (id: string): number => {
    const index = indexOf.get(id);
    if (index === undefined) throw new Error(`DAG ${spec.id}: no task is called ${id}`);
    return index;
  };
  const ids = [...indexOf.keys()];
  const whenNames = spec.tasks.map((task) =>
    task.when === "" ? [] : referencedTasks({ when: task.when }, ids).map(find),
  );
  const named = new Set(whenNames.flat());
  const next = spec.tasks.map((): number[] => []);
  for (const [index, task] of spec.tasks.entries())
    for (const id of task.needs) next[find(id)]?.push(index);
  const tasks = spec.tasks.map((task, index): PlanTask => {
    const condition = task.when === "" ? undefined : compileCondition(task.when);
    return {
      id: task.id,
      kind: task.uses,
      needs: task.needs.map(find),
      next: next[index] ?? [],
      rule: ruleNames[task.triggerRule] ?? "all_success",
      when: condition && ((scope) => condition.evaluate(scopeOfRun(spec, scope, options))),
      whenNames: whenNames[index] ?? [],
      retries: retriesOf(task),
      timeoutMs: millisOf(task.timeout),
      allowFailure: task.allowFailure,
      outputNamed: named.has(index),
    };
  });
  const resolved = resolveParams(spec.params, {}); // not all have one: then only those given are there
  const defaultParams = resolved.ok ? resolved.value : {};
  const timeoutMs = millisOf(spec.timeout);
  return { dagId: spec.id, fingerprint, tasks, indexOf, timeoutMs, defaultParams };
}

function retriesOf({ retries }: TaskSpec): RetryPolicy {
  if (retries === undefined) return { max: 0, backoffMs: 0, factor: 1, backoffMsMax: 0 };
  return {
    max: retries.max,
    backoffMs: retries.backoff === undefined ? DEFAULT_BACKOFF_MS : millisOf(retries.backoff),
    factor: retries.factor === 0 ? 1 : retries.factor,
    backoffMsMax:
      retries.maxBackoff === undefined ? DEFAULT_BACKOFF_MS_MAX : millisOf(retries.maxBackoff),
  };
}

/** Milliseconds of a protobuf duration; 0 when absent. */
export const millisOf = (duration: Duration | undefined): number =>
  duration === undefined ? 0 : Number(duration.seconds) * 1_000 + duration.nanos / 1_000_000;

/** What the expressions of a run see. */
export function scopeOfRun(spec: DagSpec, facts: MachineScope, options: PlanOptions): Scope {
  const timezone = spec.schedule?.timezone;
  const { id, dagId, key, logicalMs } = facts.run;
  return createScope({
    run: {
      id,
      dagId,
      key,
      logicalMs,
      timezone: timezone === undefined || timezone === "" ? "UTC" : timezone,
    },
    params: asObject(facts.params),
    event: facts.event === null ? null : { data: facts.event as JsonValue },
    tasks: facts.tasks as Readonly<Record<string, { state: string; output: JsonValue }>>,
    vars: options.vars,
  });
}

const asObject = (value: unknown): JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};

/** The configuration as JSON when it is the same for every run: nothing in it is rendered. */
export const constantConfig = (task: TaskSpec): string | undefined =>
  containsTemplate(task.with ?? {}) ? undefined : JSON.stringify(task.with ?? {});

/** A task's configuration, rendered for one run. */
export function renderTask(
  spec: DagSpec,
  task: TaskSpec,
  facts: MachineScope,
  options: PlanOptions,
): Result<JsonValue> {
  return renderValue(task.with ?? {}, scopeOfRun(spec, facts, options));
}

/** Tasks whose output a task's configuration names; none when nothing in it is rendered. */
export function outputsNamedBy(spec: DagSpec, task: TaskSpec): string[] {
  if (!containsTemplate(task.with ?? {})) return []; // looking through all ids for each of 10,000 tasks takes minutes
  return referencedTasks(
    { with: task.with },
    spec.tasks.map(({ id }) => id),
  );
}
