// The JSON Schema of a DAG's triggers, for editors.
import type { JsonObject } from "@bufbuild/protobuf";
import { outcomeWords } from "../compile/words.ts";
import { limits } from "../limits.ts";
import { closed, condition, count, duration, text } from "./parts.ts";

const conditions = {
  event: closed(
    "A message on the bus",
    {
      subject: text(
        "What follows chasqui.trigger., for example logistics.routes.closed; after the source * is one token, > the rest",
      ),
      when: condition("CEL over `event`; absent means every event"),
    },
    ["subject"],
  ),
  dag: {
    description: "A run of another DAG settled",
    anyOf: [
      text("The other DAG's id: its runs that succeed"),
      closed(
        "A run of another DAG settled",
        {
          id: text("The other DAG's id"),
          state: {
            description: "How; succeeded when absent",
            anyOf: [
              { enum: Object.keys(outcomeWords) },
              { type: "array", minItems: 1, items: { enum: Object.keys(outcomeWords) } },
            ],
          },
          when: condition("CEL over `event`; absent means every run"),
        },
        ["id"],
      ),
    ],
  },
  asset: text("A task made it new: an asset, or several: orders && (routes || depots)"),
  all: { $ref: "#/definitions/conditions", description: "Each of them, in any order" },
  any: { $ref: "#/definitions/conditions", description: "One of them" },
} satisfies JsonObject;

const onlyOne: JsonObject[] = Object.keys(conditions).map((name) => ({ required: [name] }));

export const triggersSchema: JsonObject = {
  type: "array",
  description: "What starts a run when it happens; the first that takes an event has it",
  items: {
    ...closed("Something that starts a run when it happens", {
      ...conditions,
      key: text("One run per key, for example ${run.date}; absent means one per event"),
      params: {
        type: "object",
        description: "The run's parameters; texts may hold ${…} over event, events, run, vars",
      },
      batch: closed(
        "Collects events for one run",
        {
          window: duration("How long after the first event it closes"),
          quiet: duration("How long after the last event it closes"),
          max: count(
            `With so many events it closes; ${limits.batchEventsMax} when absent`,
            limits.batchEventsMax,
            2,
          ),
        },
        ["window"],
      ),
      rate: closed(
        "At most so many runs in a time; a trigger beyond is recorded and starts none",
        {
          max: count("So many runs", limits.rateRunsMax),
          per: duration("In this time"),
        },
        ["max", "per"],
      ),
      within: duration("With `all`: how long one waits for the others; for ever when absent"),
    }),
    oneOf: onlyOne,
  },
};

/** What `all` and `any` refer to. */
export const conditionsSchema: JsonObject = {
  type: "array",
  minItems: 1,
  items: { ...closed("A condition", conditions), oneOf: onlyOne },
};
