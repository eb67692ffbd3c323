// The JSON Schema of the YAML form, for editors: completion and first checks while typing.
// The compiler is stricter (positions of cycles, expressions, zones); it is also the one that decides.
import { builtInKindSchemas } from "@chasqui/contracts";
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { limits } from "./limits.ts";
import { alertWords, catchupWords, overlapWords, triggerRuleWords } from "./compile/words.ts";

const duration = (description: string): JsonObject => ({
  type: "string",
  pattern: "^([0-9]+(\\.[0-9]+)?(ms|[dhms]))+$",
  description: `${description}; for example 30s, 5m, 1h30m, 2d`,
});
const text = (description: string): JsonObject => ({ type: "string", description });
const words = (list: Readonly<Record<string, unknown>>, description: string): JsonObject => ({
  enum: Object.keys(list),
  description,
});
const closed = (
  description: string,
  properties: JsonObject,
  required: readonly string[] = [],
): JsonObject => ({
  type: "object",
  description,
  additionalProperties: false,
  properties,
  ...(required.length === 0 ? {} : { required: [...required] }),
});

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
    }),
  ],
};

const schedule = closed("When it runs by the clock", {
  cron: {
    description:
      "Five fields (minute, hour, day of month, month, day of week) or @daily and the like",
    anyOf: [{ type: "string" }, { type: "array", minItems: 1, items: { type: "string" } }],
  },
  timezone: text("IANA zone of the crons and of run.date; UTC when absent"),
  catchup: words(
    catchupWords,
    "What becomes of ticks missed while nothing ran; latest when absent",
  ),
  overlap: words(overlapWords, "When the run before is not done; queue when absent"),
  start: text("First date or instant that counts"),
  end: text("Last date or instant that counts"),
});

const triggers: JsonObject = {
  type: "array",
  description: "Events that start a run",
  items: closed(
    "An event that starts a run",
    {
      event: closed(
        "Which events",
        {
          subject: text("What follows chasqui.trigger., for example logistics.routes.closed"),
          when: text("CEL over `event`; absent means every event"),
        },
        ["subject"],
      ),
      key: text("One run per key, for example ${run.date}; absent means one per event"),
    },
    ["event"],
  ),
};

const alerts: JsonObject = {
  type: "array",
  description: "Who is told about what",
  items: closed(
    "One channel",
    {
      on: { type: "array", minItems: 1, items: { enum: Object.keys(alertWords) } },
      slack: text('A Slack channel, in quotes: "#logistics-alerts"'),
    },
    ["on", "slack"],
  ),
};

function task(): JsonObject {
  const form = closed(
    "One task",
    {
      needs: {
        type: "array",
        items: { type: "string" },
        description: "Tasks directly upstream",
      },
      uses: {
        type: "string",
        description: "The task kind",
        examples: Object.keys(builtInKindSchemas),
      },
      with: { type: "object", description: "The kind's own configuration; texts may hold ${…}" },
      when: text("CEL; false skips the task"),
      trigger_rule: words(triggerRuleWords, "Which upstream outcomes let it run"),
      retries,
      timeout: duration("The longest one attempt may take"),
      allow_failure: { type: "boolean", description: "Its failure does not make the run red" },
    },
    ["uses"],
  );
  const kinds = Object.entries(builtInKindSchemas).map(([kind, schema]): JsonObject => {
    const config = editorSchema(JSON.parse(JSON.stringify(schema)));
    const isKind = { properties: { uses: { const: kind } }, required: ["uses"] };
    // oxlint-disable-next-line unicorn/no-thenable -- JSON Schema's word; nobody awaits it
    return { if: isKind, then: { properties: { with: config } } };
  });
  return { ...form, allOf: kinds };
}

const TEMPLATE: JsonObject = { type: "string", pattern: "\\$\\{" };

/** A kind's schema as an editor may judge it before rendering: any value may be a text with `${…}` instead. */
function editorSchema(schema: JsonValue): JsonValue {
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) return schema;
  const inner: Record<string, JsonValue> = {};
  for (const [word, value] of Object.entries(schema)) {
    if (
      word === "properties" &&
      typeof value === "object" &&
      value !== null &&
      !Array.isArray(value)
    )
      inner[word] = Object.fromEntries(
        Object.entries(value).map(([name, property]) => [name, orTemplate(property)]),
      );
    else if (word === "items" || (word === "additionalProperties" && typeof value === "object"))
      inner[word] = orTemplate(value);
    else if (!word.startsWith("x-")) inner[word] = value;
  }
  return inner;
}

function orTemplate(schema: JsonValue): JsonValue {
  const own = editorSchema(schema);
  if (typeof own !== "object" || own === null || Array.isArray(own)) return own;
  const free =
    own["type"] === "string" && own["pattern"] === undefined && own["enum"] === undefined;
  if (free) return own;
  const { description, ...rest } = own;
  return { ...(description === undefined ? {} : { description }), anyOf: [rest, TEMPLATE] };
}

/** Draft-07, which every editor understands. */
export function dagJsonSchema(): JsonObject {
  const form = closed(
    "A Chasqui DAG",
    {
      id: {
        type: "string",
        pattern: "^[a-z][a-z0-9-]{0,62}$",
        description: "Its name: lower-case letters, digits and hyphens",
      },
      owner: text("The team that answers for it"),
      description: text("One sentence for people"),
      tags: { type: "array", items: { type: "string" }, description: "Labels for filters" },
      schedule,
      triggers,
      params: {
        type: "object",
        description: "JSON Schema of the run's parameters",
        required: ["type"],
        properties: { type: { const: "object" } },
      },
      defaults: closed("What every task gets that does not say otherwise", {
        retries,
        timeout: duration("The longest one attempt may take"),
      }),
      tasks: {
        type: "object",
        minProperties: 1,
        description: "The tasks by id",
        propertyNames: { pattern: "^[a-z][a-z0-9_-]{0,62}$" },
        additionalProperties: { $ref: "#/definitions/task" },
      },
      alerts,
      max_active_runs: {
        type: "integer",
        minimum: 1,
        maximum: limits.activeRunsMax,
        description: `How many runs may be active at once; ${limits.activeRunsDefault} when absent`,
      },
      timeout: duration("The longest a run may take"),
    },
    ["id", "tasks"],
  );
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Chasqui DAG",
    ...form,
    definitions: { task: task() },
  };
}
