// The JSON Schema of the YAML form, for editors: completion and first checks while typing.
// The compiler is stricter (positions of cycles, expressions, zones); it is also the one that decides.
import type { JsonObject } from "@bufbuild/protobuf";
import { alertWords } from "./compile/words.ts";
import { closed, count, duration, text, texts } from "./editor/parts.ts";
import { scheduleSchema } from "./editor/schedule-schema.ts";
import { groupSchema, sharedDefaults, taskSchema } from "./editor/task-schema.ts";
import { conditionsSchema, triggersSchema } from "./editor/trigger-schema.ts";
import { limits } from "./limits.ts";

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

const ID = "^[a-z][a-z0-9_-]{0,62}$";

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
      tags: texts("Labels for filters"),
      schedule: scheduleSchema,
      triggers: triggersSchema,
      params: {
        type: "object",
        description: "JSON Schema of the run's parameters",
        required: ["type"],
        properties: { type: { const: "object" } },
      },
      defaults: sharedDefaults("What every task gets that does not say otherwise"),
      groups: {
        type: "object",
        maxProperties: limits.groupsMax,
        description: "Groups of tasks by id; tasks and groups stand in them by `group`",
        propertyNames: { pattern: ID },
        additionalProperties: { $ref: "#/definitions/group" },
      },
      tasks: {
        type: "object",
        minProperties: 1,
        description: "The tasks by id",
        propertyNames: { pattern: ID },
        additionalProperties: { $ref: "#/definitions/task" },
      },
      alerts,
      max_active_runs: count(
        `How many runs may be active at once; ${limits.activeRunsDefault} when absent`,
        limits.activeRunsMax,
      ),
      max_active_tasks: count("How many tasks of one run may be at work", limits.activeTasksMax),
      auto_pause_after: count(
        "The DAG is paused when so many runs in a row failed; never when absent",
        limits.autoPauseMax,
      ),
      timeout: duration("The longest a run may take"),
      was: texts("Earlier ids of the DAG: its history goes on under the new one"),
    },
    ["id", "tasks"],
  );
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Chasqui DAG",
    ...form,
    definitions: { task: taskSchema(), group: groupSchema(), conditions: conditionsSchema },
  };
}
