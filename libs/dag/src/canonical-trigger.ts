// The canonical form of a DAG's triggers: equal meaning, equal form. Conditions are flattened, sorted and told once;
// the triggers themselves keep their order, since the first one that takes an event has it.
import { create, toJson } from "@bufbuild/protobuf";
import {
  BatchSchema,
  RunOutcome,
  TriggerConditionSchema,
  TriggerSchema,
  type Trigger,
  type TriggerCondition,
} from "@chasqui/contracts";
import { limits } from "./limits.ts";
import { sortKeys } from "./sort-keys.ts";

export function canonicalTrigger({ on, key, params, batch, rate, within }: Trigger): Trigger {
  const hasParams = params !== undefined && Object.keys(params).length > 0;
  return create(TriggerSchema, {
    ...(on === undefined ? {} : { on: canonicalCondition(on) }),
    key,
    ...(hasParams ? { params: sortKeys(params) } : {}),
    ...(batch === undefined
      ? {}
      : {
          batch: create(BatchSchema, {
            ...batch,
            eventsMax: batch.eventsMax === 0 ? limits.batchEventsMax : batch.eventsMax,
          }),
        }),
    ...(rate === undefined ? {} : { rate }),
    ...(within === undefined ? {} : { within }),
  });
}

export function canonicalCondition({ condition }: TriggerCondition): TriggerCondition {
  switch (condition.case) {
    case "dag": {
      const states = condition.value.states.length === 0 ? [RunOutcome.SUCCEEDED] : [];
      const sorted = [...new Set([...states, ...condition.value.states])].sort((a, b) => a - b);
      return create(TriggerConditionSchema, {
        condition: { case: "dag", value: { ...condition.value, states: sorted } },
      });
    }
    case "all":
    case "any":
      return several(condition.case, condition.value.conditions);
    default:
      return create(TriggerConditionSchema, { condition });
  }
}

/** `all` of `all` is one `all`; the same thing twice is once; one thing is that thing. */
function several(op: "all" | "any", conditions: readonly TriggerCondition[]): TriggerCondition {
  const flat = conditions.map(canonicalCondition).flatMap((inner) => {
    const { condition } = inner;
    return condition.case === op ? condition.value.conditions : [inner];
  });
  const byText = new Map(flat.map((inner) => [textOf(inner), inner]));
  const sorted = [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, inner]) => inner);
  const [only] = sorted;
  if (only !== undefined && sorted.length === 1) return only;
  return create(TriggerConditionSchema, { condition: { case: op, value: { conditions: sorted } } });
}

const textOf = (condition: TriggerCondition): string =>
  JSON.stringify(sortKeys(toJson(TriggerConditionSchema, condition)));
