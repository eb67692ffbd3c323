// The canonical form of a DAG: the one spelling of its meaning, and the fingerprint of that.
// Invariants:
//   F1. Equal meaning, equal fingerprint: sets are sorted, defaults are written out, absent and empty are the same.
//   F2. Canonical twice is canonical once.
//   F3. A field that a later version adds does not change the fingerprint of specs that do not use it.
import { create, toJson } from "@bufbuild/protobuf";
import { hash } from "node:crypto";
import {
  AlertSpecSchema,
  ConcurrencyKeySchema,
  DagSpecSchema,
  ForEachMode,
  ForEachSchema,
  GroupSpecSchema,
  TaskRole,
  TaskSpecSchema,
} from "@chasqui/contracts";
import type { AlertSpec, DagSpec, ForEach, GroupSpec, TaskSpec } from "@chasqui/contracts";
import { defaults } from "./compile/words.ts";
import { limits } from "./limits.ts";
import { canonicalSchedule } from "./canonical-schedule.ts";
import { canonicalTrigger } from "./canonical-trigger.ts";
import { sortKeys } from "./sort-keys.ts";

/** A spec with the same meaning in its canonical form. */
export function canonicalSpec(spec: DagSpec): DagSpec {
  const { schedule, params, timeout } = spec;
  return create(DagSpecSchema, {
    id: spec.id,
    owner: spec.owner,
    description: spec.description,
    tags: sortedSet(spec.tags),
    ...(schedule === undefined ? {} : { schedule: canonicalSchedule(schedule) }),
    triggers: spec.triggers.map(canonicalTrigger),
    ...(params === undefined ? {} : { params: sortKeys(params) }),
    tasks: spec.tasks.map(canonicalTask).sort((a, b) => compare(a.id, b.id)),
    groups: spec.groups.map(canonicalGroup).sort((a, b) => compare(a.id, b.id)),
    alerts: canonicalAlerts(spec.alerts),
    maxActiveRuns: spec.maxActiveRuns === 0 ? limits.activeRunsDefault : spec.maxActiveRuns,
    maxActiveTasks: spec.maxActiveTasks,
    autoPauseAfter: spec.autoPauseAfter,
    ...(timeout === undefined ? {} : { timeout }),
    was: sortedSet(spec.was),
  });
}

function canonicalTask(task: TaskSpec): TaskSpec {
  const { retries, timeout, totalTimeout, startTimeout, forEach, concurrency } = task;
  const isEmpty = retries === undefined || (retries.max === 0 && retries.rules.length === 0);
  return create(TaskSpecSchema, {
    id: task.id,
    description: task.description,
    uses: task.uses,
    group: task.group,
    needs: sortedSet(task.needs),
    triggerRule: task.triggerRule === 0 ? defaults.triggerRule : task.triggerRule,
    when: task.when,
    with: sortKeys(task.with ?? {}),
    ...(forEach === undefined ? {} : { forEach: canonicalForEach(forEach) }),
    role: task.role === TaskRole.WORK ? TaskRole.UNSPECIFIED : task.role,
    teardownOf: sortedSet(task.teardownOf),
    ...(isEmpty
      ? {}
      : { retries: { ...retries, factor: retries.factor === 0 ? 1 : retries.factor } }),
    ...(timeout === undefined ? {} : { timeout }),
    ...(totalTimeout === undefined ? {} : { totalTimeout }),
    ...(startTimeout === undefined ? {} : { startTimeout }),
    allowFailure: task.allowFailure,
    pool: task.pool,
    poolSlots: task.pool === "" ? 0 : Math.max(1, task.poolSlots),
    priority: task.priority,
    maxActive: task.maxActive,
    ...(concurrency === undefined
      ? {}
      : {
          concurrency: create(ConcurrencyKeySchema, {
            key: concurrency.key,
            max: Math.max(1, concurrency.max),
          }),
        }),
    dependsOnPast: task.dependsOnPast,
    produces: sortedSet(task.produces),
    was: sortedSet(task.was),
  });
}

/** What an ordinary group does not have for itself is empty: its tasks have it. */
function canonicalGroup(group: GroupSpec): GroupSpec {
  const { id, description, parent, forEach, needs, triggerRule, when } = group;
  if (forEach === undefined) return create(GroupSpecSchema, { id, description, parent });
  return create(GroupSpecSchema, {
    ...{ id, description, parent, when },
    forEach: canonicalForEach(forEach),
    needs: sortedSet(needs),
    triggerRule: triggerRule === 0 ? defaults.triggerRule : triggerRule,
  });
}

function canonicalForEach({ lists, mode, parallel, label, itemsMax }: ForEach): ForEach {
  return create(ForEachSchema, {
    lists: [...lists].sort((a, b) => compare(a.name, b.name)),
    mode: mode === 0 ? ForEachMode.LIST : mode,
    parallel,
    label,
    itemsMax: itemsMax === 0 ? limits.itemsDefault : itemsMax,
  });
}

/** One entry per channel, with everything that it is told. */
function canonicalAlerts(alerts: readonly AlertSpec[]): AlertSpec[] {
  const channels = new Map<string, Set<AlertSpec["on"][number]>>();
  for (const { slack, on } of alerts) {
    const known = channels.get(slack) ?? new Set();
    for (const about of on) known.add(about);
    channels.set(slack, known);
  }
  return [...channels]
    .sort(([a], [b]) => compare(a, b))
    .map(([slack, on]) => create(AlertSpecSchema, { slack, on: [...on].sort((a, b) => a - b) }));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const sortedSet = (texts: readonly string[]): string[] => [...new Set(texts)].sort(compare);

/** SHA-256 of the canonical form, hexadecimal. */
export function fingerprintOf(spec: DagSpec): string {
  const json = toJson(DagSpecSchema, canonicalSpec(spec));
  return hash("sha256", JSON.stringify(sortKeys(json)));
}
