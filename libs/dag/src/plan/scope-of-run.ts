// What the expressions of a run see: the machine's facts in the language's names.
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { DagSpec } from "@chasqui/contracts";
import type { Scope as MachineScope } from "@chasqui/machine";
import { createScope } from "../cel/scope.ts";
import type { RunFacts, Scope } from "../cel/scope.ts";
import { isLatest } from "./latest.ts";
import { intervalsOf } from "../time/interval.ts";

/** What an installation adds to what a run's expressions see. */
export interface PlanOptions {
  readonly vars: JsonObject;
}

export function scopeOfRun(spec: DagSpec, facts: MachineScope, options: PlanOptions): Scope {
  return createScope({
    run: () => runFacts(spec, facts),
    params: asObject(facts.params),
    event: facts.event === null ? null : asObject(facts.event),
    tasks: facts.tasks as Readonly<Record<string, { state: string; output: JsonValue }>>,
    vars: options.vars,
    ...(facts.index === undefined
      ? {}
      : { instance: { item: (facts.item ?? null) as JsonValue, index: facts.index } }),
  });
}

function runFacts({ schedule }: DagSpec, { run, exit, atMs }: MachineScope): RunFacts {
  const { id, dagId, key, logicalMs, cause } = run;
  const interval = run.interval ?? intervalsOf(schedule)(logicalMs);
  const timezone = schedule?.timezone ?? "";
  return {
    id,
    dagId,
    key,
    logicalMs,
    isLatest: isLatest(schedule, interval.endMs, atMs), // it was due when its interval ended
    interval,
    ...(cause === undefined ? {} : { cause }),
    timezone: timezone === "" ? "UTC" : timezone,
    ...(exit === undefined ? {} : { ending: exit }),
  };
}

const asObject = (value: unknown): JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
