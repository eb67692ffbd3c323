// What people read about a DAG's triggers.
import { expect, test } from "vitest";
import { create } from "@bufbuild/protobuf";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { RunOutcome, TriggerSchema } from "@chasqui/contracts";
import { triggerJson } from "./trigger-text.ts";

type Condition = NonNullable<MessageInitShape<typeof TriggerSchema>["on"]>;
const event = (subject: string, when = ""): Condition => ({
  condition: { case: "event", value: { subject, when } },
});
const asset = (name: string): Condition => ({ condition: { case: "asset", value: { name } } });
const several = (op: "all" | "any", ...conditions: Condition[]): Condition => ({
  condition: { case: op, value: { conditions } },
});
const load: Condition = {
  condition: { case: "dag", value: { dagId: "load", states: [RunOutcome.SUCCEEDED] } },
};

test.each<[MessageInitShape<typeof TriggerSchema>, ReturnType<typeof triggerJson>]>([
  [
    { on: event("a.b"), key: "${run.date}" },
    { on: "a.b", key: "${run.date}", note: "" },
  ],
  [
    { on: event("a.b", "event.data.x > 1"), batch: { window: { seconds: 600n } } },
    { on: "a.b when event.data.x > 1", key: "", note: "together for 10 min" },
  ],
  [
    { on: load, rate: { max: 5, per: { seconds: 3_600n } } },
    { on: "end of load", key: "", note: "at most 5 in 1 h" },
  ],
  [
    {
      on: several("all", asset("orders"), several("any", asset("routes"), load)),
      within: { seconds: 90n },
    },
    { on: "asset orders and (asset routes or end of load)", key: "", note: "within 90 s" },
  ],
])("a trigger as people read it: %#", (init, expected) => {
  expect(triggerJson(create(TriggerSchema, init))).toEqual(expected);
});
