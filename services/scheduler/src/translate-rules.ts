// A DAG's triggers out of its specification, which the compiler has checked.
import type { Duration } from "@bufbuild/protobuf/wkt";
import { RejectError } from "@chasqui/bus";
import { deriveId, RunOutcome } from "@chasqui/contracts";
import type { DagSpec, Trigger, TriggerCondition } from "@chasqui/contracts";
import type { Condition, TriggerRule } from "./core/rules.ts";
import type { Json } from "./core/triggers.ts";

export const rulesOf = (spec: DagSpec): TriggerRule[] =>
  spec.triggers.map((trigger) => ruleOf(spec.id, trigger));

function ruleOf(dagId: string, trigger: Trigger): TriggerRule {
  const { key, params, batch, rate } = trigger;
  if (trigger.on === undefined) throw new RejectError(`DAG ${dagId}: a trigger waits for nothing`);
  const on = conditionOf(dagId, trigger.on);
  const withinMs = millis(trigger.within);
  return {
    id: deriveId("rule", JSON.stringify([on, key, batch !== undefined])),
    on,
    key,
    params: (params ?? {}) as { [name: string]: Json }, // a protobuf Struct is JSON
    ...(batch === undefined
      ? {}
      : {
          batch: {
            windowMs: millis(batch.window) ?? 0,
            eventsMax: batch.eventsMax,
            ...(batch.quiet === undefined ? {} : { quietMs: millis(batch.quiet) }),
          },
        }),
    ...(rate === undefined ? {} : { rate: { max: rate.max, perMs: millis(rate.per) ?? 0 } }),
    ...(withinMs === undefined ? {} : { withinMs }),
  };
}

const outcomeNames: Readonly<Record<number, string>> = {
  [RunOutcome.SUCCEEDED]: "succeeded",
  [RunOutcome.FAILED]: "failed",
  [RunOutcome.CANCELLED]: "cancelled",
};

function conditionOf(dagId: string, { condition }: TriggerCondition): Condition {
  switch (condition.case) {
    case "event":
      return { kind: "event", subject: condition.value.subject, when: condition.value.when };
    case "dag": {
      const { states, when } = condition.value;
      const names = states.flatMap((state) => outcomeNames[state] ?? []);
      return { kind: "dag", dagId: condition.value.dagId, states: names, when };
    }
    case "asset":
      return { kind: "asset", name: condition.value.name };
    case "all":
    case "any":
      return {
        kind: condition.case,
        of: condition.value.conditions.map((inner) => conditionOf(dagId, inner)),
      };
    default:
      throw new RejectError(
        `DAG ${dagId}: a trigger waits for something that this version does not know`,
      );
  }
}

const millis = (duration: Duration | undefined): number | undefined =>
  duration === undefined
    ? undefined
    : Number(duration.seconds) * 1_000 + duration.nanos / 1_000_000;
