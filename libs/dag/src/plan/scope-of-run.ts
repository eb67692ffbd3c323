// What the expressions of a run see: the machine's facts in the language's names.
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { DagSpec } from "@chasqui/contracts";
import type { Scope as MachineScope } from "@chasqui/machine";
import { createScope } from "../cel/scope.ts";
import type { Scope } from "../cel/scope.ts";
import { isLatest } from "./latest.ts";
import { intervalsOf } from "../time/interval.ts";

/** What an installation adds to what a run's expressions see. */
export interface PlanOptions {
  readonly vars: JsonObject;
}

export function scopeOfRun(spec: DagSpec, facts: MachineScope, options: PlanOptions): Scope {
  const timezone = spec.schedule?.timezone;
  const { id, dagId, key, logicalMs, cause } = facts.run;
  const { exit } = facts;
  const interval = facts.run.interval ?? intervalsOf(spec.schedule)(logicalMs);
  return createScope({
    run: {
      id,
      dagId,
      key,
      logicalMs,
      isLatest: isLatest(spec.schedule, interval.endMs, facts.atMs), // it was due when its interval ended
      interval,
      ...(cause === undefined ? {} : { cause }),
      timezone: timezone === undefined || timezone === "" ? "UTC" : timezone,
      ...(exit === undefined ? {} : { ending: exit }),
    },
    params: asObject(facts.params),
    event: facts.event === null ? null : asObject(facts.event),
    tasks: facts.tasks as Readonly<Record<string, { state: string; output: JsonValue }>>,
    vars: options.vars,
    ...(facts.index === undefined
      ? {}
      : { instance: { item: (facts.item ?? null) as JsonValue, index: facts.index } }),
  });
}

const asObject = (value: unknown): JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
