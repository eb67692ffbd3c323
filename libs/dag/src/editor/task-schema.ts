// The JSON Schema of tasks and groups, for editors.
import { builtInKindSchemas } from "@chasqui/contracts";
import type { JsonObject } from "@bufbuild/protobuf";
import { failureClasses } from "@chasqui/machine";
import { retryOutcomeWords, triggerRuleWords } from "../compile/words.ts";
import { limits } from "../limits.ts";
import { editorSchema } from "./kind-schema.ts";
import { closed, condition, count, duration, flag, text, texts, words } from "./parts.ts";

const attempts: JsonObject = {
  type: "integer",
  minimum: 0,
  maximum: limits.retriesMax,
  description: "Repeats after the first attempt",
};

const retries: JsonObject = {
  description: "How a failed attempt is repeated",
  anyOf: [
    attempts,
    closed("How a failed attempt is repeated", {
      max: attempts,
      backoff: duration("The wait before the first repeat; 30s when absent"),
      factor: {
        type: "number",
        minimum: 1,
        description: "What the wait is multiplied with; 2 when absent",
      },
      max_backoff: duration("The longest wait; 10m when absent"),
      on: {
        type: "array",
        minItems: 1,
        items: { enum: [...failureClasses] },
        description: "Only failures of these classes are repeated",
      },
      rules: {
        type: "array",
        maxItems: limits.retryRulesMax,
        description: "The first rule whose condition holds decides",
        items: closed(
          "What becomes of a failed attempt",
          {
            when: condition(
              "CEL over `failure` (class, message, exit_code, evidence) and `attempt`",
            ),
            then: words(retryOutcomeWords, "What becomes of it"),
            backoff: duration("The wait before this repeat, in place of the policy's"),
          },
          ["when", "then"],
        ),
      },
    }),
  ],
};

const { activeTasksMax, priorityMax } = limits;

/** What a task, the defaults of a group and those of the DAG have in common. */
const shared: JsonObject = {
  retries,
  timeout: duration("The longest one attempt may take"),
  total_timeout: duration("The longest all attempts may take together"),
  start_timeout: duration("The longest an attempt may take from its turn to its start"),
  pool: {
    description: "The pool that it takes a slot of",
    anyOf: [
      { type: "string" },
      closed(
        "A pool",
        { name: text("Its name"), slots: count("Slots; 1 when absent", limits.poolSlotsMax) },
        ["name"],
      ),
    ],
  },
  priority: count(
    "Who goes first when slots are scarce: higher is sooner",
    priorityMax,
    -priorityMax,
  ),
};

export const sharedDefaults = (description: string): JsonObject => closed(description, shared);

const list = (description: string): JsonObject => ({
  description: `${description}: CEL, or the values themselves`,
  anyOf: [{ type: "string" }, { type: "array" }],
});
const lists = (description: string): JsonObject => ({
  type: "object",
  minProperties: 2,
  maxProperties: limits.listsMax,
  description,
  additionalProperties: list("A list"),
});

const forEach: JsonObject = {
  description: "One instance for each item of a list",
  anyOf: [
    { type: "string" },
    { type: "array" },
    closed("One instance for each item", {
      in: list("The list"),
      zip: lists("Lists of one length: the first items together, then the second ones"),
      product: lists("Lists of which every combination is taken"),
      parallel: count("Instances at work at once", activeTasksMax),
      label: text("What people see of an instance, for example ${item.name}"),
      max: count(`Most items; ${limits.itemsDefault} when absent`, limits.itemsMax),
    }),
  ],
};

const needs = texts("Tasks or groups directly upstream");
const rule = words(triggerRuleWords, "Which upstream outcomes let it run");

/** A group of tasks. */
export function groupSchema(): JsonObject {
  return closed("Tasks that belong together", {
    description: text("One sentence for people"),
    group: text("The group that it stands in"),
    needs,
    for_each: forEach,
    trigger_rule: rule,
    when: condition("CEL; false skips the whole group"),
    defaults: sharedDefaults("What its tasks get that do not say otherwise"),
  });
}

/** A task; what `with` holds depends on `uses`. */
export function taskSchema(): JsonObject {
  const form = closed(
    "One task",
    {
      description: text("One sentence for people"),
      group: text("The group that it stands in"),
      needs,
      uses: {
        type: "string",
        description: "The task kind",
        examples: Object.keys(builtInKindSchemas),
      },
      with: { type: "object", description: "The kind's own configuration; texts may hold ${…}" },
      when: condition("CEL; false skips the task"),
      trigger_rule: rule,
      for_each: forEach,
      setup: flag("It prepares what a teardown takes away"),
      teardown: texts("The setups that it takes away; it runs if one of them succeeded"),
      on_exit: flag("It runs when everything else ended, however"),
      ...shared,
      allow_failure: flag("Its failure does not make the run red"),
      max_active: count("At work at once over all runs", activeTasksMax),
      concurrency: closed(
        "At most so many at once for each value of a text",
        {
          key: text("For example ${params.region}"),
          max: count("At once for one key; 1 when absent", activeTasksMax),
        },
        ["key"],
      ),
      depends_on_past: flag("It waits for the same task of the run before"),
      produces: texts("Assets that its success makes new"),
      was: texts("Earlier ids of the task"),
    },
    ["uses"],
  );
  const kinds = Object.entries(builtInKindSchemas).map(([kind, schema]): JsonObject => {
    const config = editorSchema(JSON.parse(JSON.stringify(schema)));
    const isKind = { properties: { uses: { const: kind } }, required: ["uses"] };
    return { if: isKind, then: { properties: { with: config } } };
  });
  return { ...form, allOf: kinds };
}
