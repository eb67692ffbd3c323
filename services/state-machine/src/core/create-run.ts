// The run that a StartRun makes: its version, its facts, and what it does first. Pure.
import { traceIdOf } from "@chasqui/contracts";
import { decide, effectsOf, newRun } from "@chasqui/machine";
import type { Json, Plan, Recorded, RunEffect } from "@chasqui/machine";
import type { Aggregates, CachedDag, CachedRun, PreviousRun } from "./aggregates.ts";
import { dependsOnPast } from "./aggregates.ts";
import type { BatchContext, RunChange } from "./batch.ts";
import type { Inbound, StartFacts } from "./inbound.ts";

export interface VersionToStart {
  readonly plan: Plan;
  readonly number: number;
}

export const versionKey = (dagId: string, fingerprint: string): string => `${dagId} ${fingerprint}`;

/** The version that a new run is of: the one that is asked for, or the current one. */
export function versionToStart(
  all: Aggregates,
  dag: CachedDag,
  { pinned }: Extract<Inbound["body"], { kind: "start" }>,
): VersionToStart | undefined {
  if (pinned === undefined) return dag.plan && { plan: dag.plan, number: dag.state.number };
  const plan = all.versions.get(versionKey(dag.state.dagId, pinned.fingerprint))?.plan;
  return plan && { plan, number: pinned.number };
}

const isObject = (json: Json): json is { readonly [name: string]: Json } =>
  typeof json === "object" && json !== null && !Array.isArray(json);

/** The run before: of the rows, or one of those that this very batch changes. */
function previousOf(
  all: Aggregates,
  changes: Iterable<RunChange>,
  { runId, dagId, logicalMs }: StartFacts,
): PreviousRun | undefined {
  let best = all.previous.get(runId);
  for (const { run, created } of changes) {
    const { meta } = run;
    if (!created || meta.dagId !== dagId || meta.logicalMs >= logicalMs) continue;
    if (best === undefined || meta.logicalMs >= best.logicalMs) best = meta;
  }
  return best;
}

export interface CreatedRun {
  readonly run: CachedRun;
  readonly events: readonly Recorded[];
  readonly runEffects: readonly { readonly run: CachedRun; readonly effect: RunEffect }[];
}

export function createRun(
  all: Aggregates,
  changes: Iterable<RunChange>,
  { version, start, admitted }: { version: VersionToStart; start: StartFacts; admitted: boolean },
  { nowMs, cause, isTraced }: BatchContext & { readonly cause: string },
): CreatedRun {
  const { plan } = version;
  const { runId, dagId, key, logicalMs, event } = start;
  const params = isObject(start.params) ? { ...plan.defaultParams, ...start.params } : start.params;
  const previous = dependsOnPast(plan) ? previousOf(all, changes, start) : undefined;
  const interval = start.interval ??
    plan.intervalOf?.(logicalMs) ?? { startMs: logicalMs, endMs: logicalMs };
  const facts = {
    ...{ id: runId, dagId, key, logicalMs, interval, cause: start.causeKind },
    ...(previous === undefined ? {} : { previousRunId: previous.runId }),
  };
  const traceId = start.traceparent?.split("-")[1] ?? traceIdOf(runId);
  const run: CachedRun = {
    state: newRun({ plan, facts, params, event }),
    version: 0,
    announced: 0,
    meta: {
      ...start,
      params,
      interval,
      dagNumber: version.number,
      createdMs: nowMs,
      traceId,
      traced: isTraced(start, plan.tasks.length),
    },
    fresh: true,
  };
  const { parent, unwanted } = start;
  const wanted = parent === undefined ? {} : { parent, unwanted };
  const message = { kind: "start" as const, admitted, ...wanted };
  const { events } = decide(run.state, message, { nowMs, cause });
  const effects = effectsOf(run.state, events, []);
  return { run, events, runEffects: effects.map((effect) => ({ run, effect })) };
}
