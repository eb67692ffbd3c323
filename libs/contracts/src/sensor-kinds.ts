// What `with` of each sensor may hold. See kinds.ts.
import { connection, duration, queryParams, text, textMap } from "./json-schema.ts";
import type { JsonSchema } from "./json-schema.ts";

/** How long a sensor waits, and what becomes of it then. */
const patience = {
  timeout: duration(
    "How long it waits in all; absent means the task's timeout, which ends it in any case",
  ),
  soft_fail: {
    type: "boolean",
    default: false,
    description: "When the time is up: skipped, not failed",
  },
} as const satisfies Record<string, JsonSchema>;

/** How often a sensor looks; `usual` is the interval when nothing is said. */
const polling = (usual: string) =>
  ({
    interval: duration(`How often it looks; absent means ${usual}`),
    factor: {
      type: "number",
      minimum: 1,
      maximum: 10,
      default: 1,
      description: "What the interval is multiplied with after each look, up to max_interval",
    },
    max_interval: duration("The longest interval; absent means 10m"),
    ...patience,
  }) as const satisfies Record<string, JsonSchema>;

const condition = (variables: readonly string[], description: string): JsonSchema => ({
  type: "string",
  format: "cel",
  "x-variables": variables,
  description,
});

const timezone: JsonSchema = {
  type: "string",
  minLength: 1,
  maxLength: 64,
  default: "UTC",
  description: "IANA zone of dates and times that are written without an offset",
};

const sensorTime: JsonSchema = {
  type: "object",
  title: "Waits for a moment",
  oneOf: [{ required: ["until"] }, { required: ["delay"] }],
  additionalProperties: false,
  properties: {
    until: text(
      "The moment: a local date and time in `timezone` such as ${run.date}T18:00, a date (its first instant), or an instant such as 2026-10-06T18:00:00Z",
    ),
    delay: duration("How long after the run's logical time"),
    timezone,
    ...patience,
  },
};

const sensorHttp: JsonSchema = {
  type: "object",
  title: "Waits until an HTTP endpoint answers as expected",
  required: ["url"],
  additionalProperties: false,
  properties: {
    url: {
      type: "string",
      format: "http-url-or-path",
      description: "What is asked; with a connection also a path below its address",
    },
    method: { enum: ["GET", "HEAD", "POST"], default: "GET" },
    headers: textMap("Request headers"),
    expect: {
      type: "object",
      additionalProperties: false,
      description: "When the wait is over; absent means any 2xx",
      properties: {
        status: {
          type: "array",
          minItems: 1,
          items: { type: "integer", minimum: 100, maximum: 599 },
          description: "Any of these",
        },
        body: condition(
          ["response"],
          "CEL over `response` {status, headers, body}; a JSON body is parsed",
        ),
      },
    },
    fail_when: condition(
      ["response"],
      "CEL over `response`; when it holds, the wait fails at once",
    ),
    connection: connection("Where a secret header or a base address comes from", ["http"]),
    ...polling("30s"),
  },
};

const sensorSql: JsonSchema = {
  type: "object",
  title: "Waits until a query finds what is expected",
  required: ["connection", "query"],
  additionalProperties: false,
  properties: {
    connection: connection("The database that is asked", ["postgres"]),
    query: text("SQL, one statement; it may only read. At most 100 rows are looked at"),
    params: queryParams,
    expect: condition(
      ["rows", "row"],
      "CEL over `rows` and `row`, the first one (null when there is none); absent means a first row whose first column is neither null, false, 0 nor empty",
    ),
    fail_when: condition(["rows", "row"], "CEL; when it holds, the wait fails at once"),
    ...polling("1m"),
  },
};

const sensorObject: JsonSchema = {
  type: "object",
  title: "Waits for objects in a bucket",
  required: ["connection", "bucket"],
  oneOf: [{ required: ["key"] }, { required: ["prefix"] }],
  additionalProperties: false,
  properties: {
    connection: connection("Who keeps the bucket", ["s3", "gcs"]),
    bucket: text("Its name, without s3:// or gs://"),
    key: text("The object that is waited for; for example daily/${run.date}/routes.csv"),
    prefix: text("What the keys of those that are waited for begin with"),
    newer_than: text(
      "Only what was written after it counts: a date or a local date and time in `timezone`, or an instant such as ${run.logical_time}",
    ),
    timezone,
    min_bytes: {
      type: "integer",
      minimum: 0,
      default: 0,
      description: "Only what has so many bytes counts",
    },
    min_count: {
      type: "integer",
      minimum: 1,
      maximum: 10_000,
      default: 1,
      description: "With prefix: so many of them",
    },
    ...polling("1m"),
  },
};

const sensorEvent: JsonSchema = {
  type: "object",
  title: "Waits for a message of another service",
  required: ["subject"],
  additionalProperties: false,
  properties: {
    subject: {
      type: "string",
      pattern: "^[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)+$",
      maxLength: 200,
      description:
        "What follows chasqui.trigger. in it: a source and a name such as logistics.routes.closed",
    },
    when: condition(["event"], "CEL over `event` {id, source, type, subject, time, data}"),
    since: text(
      "Messages that were published from then on count: a date or a local date and time in `timezone`, or an instant; absent means the run's logical time",
    ),
    timezone,
    ...polling("1m; a message is heard at once"),
  },
};

const settledStates = ["succeeded", "failed", "cancelled", "skipped", "upstream_failed", "removed"];
const movingStates = ["waiting", "queued", "assigned", "running", "cancelling", "retrying"];

const states = (description: string): JsonSchema => ({
  type: "array",
  uniqueItems: true,
  items: { enum: [...settledStates, ...movingStates] },
  description,
});
const sensorDag: JsonSchema = {
  type: "object",
  title: "Waits for a run of another DAG, or for a task of it",
  required: ["dag"],
  oneOf: [{ required: ["date"] }, { required: ["key"] }, { required: ["logical_time"] }],
  additionalProperties: false,
  properties: {
    dag: {
      type: "string",
      pattern: "^[A-Za-z0-9_-]{1,128}$",
      description: "The DAG whose run is waited for",
    },
    task: text("A task of that run; absent means the run as a whole"),
    date: text(
      "Its run of that day in `timezone`, usually ${run.date}: the newest whose logical time lies on it",
    ),
    key: text("Its run with this key"),
    logical_time: text("Its run of this very instant; for example ${run.logical_time}"),
    timezone,
    allowed_states: states("Ends of it that are waited for; absent means [succeeded]"),
    failed_states: states(
      "States that fail the wait at once; absent means every bad end. [] waits on: somebody may mend it",
    ),
    skipped_states: states("States that skip this task; absent means none"),
    ...polling("1m; an end is heard at once"),
  },
};

const k8sCondition = (description: string): JsonSchema => ({
  type: "string",
  pattern: "^[A-Za-z][A-Za-z0-9./_-]{0,250}(=(True|False|Unknown))?$",
  description,
});

const sensorK8s: JsonSchema = {
  type: "object",
  title: "Waits until a Kubernetes resource reaches a condition",
  required: ["kind", "name"],
  additionalProperties: false,
  properties: {
    connection: connection("The cluster", ["kubernetes"], "kubernetes"),
    api_version: {
      type: "string",
      minLength: 1,
      default: "v1",
      description: "For example v1, batch/v1 or apps/v1",
    },
    kind: text("For example Job"),
    name: text("The resource's name"),
    namespace: text("In place of the connection's namespace"),
    condition: k8sCondition(
      "For example Complete, or Ready=False; without it and `expect` the resource need only be there",
    ),
    fail_condition: k8sCondition("For example Failed: the wait fails at once"),
    expect: condition(["object"], "CEL over `object`, the whole resource"),
    fail_when: condition(["object"], "CEL over `object`; when it holds, the wait fails at once"),
    ...polling("15s"),
  },
};

/** By kind; all of them are sensor-runner's. */
export const sensorKindSchemas = {
  "sensor.time": sensorTime,
  "sensor.http": sensorHttp,
  "sensor.sql": sensorSql,
  "sensor.object": sensorObject,
  "sensor.event": sensorEvent,
  "sensor.dag": sensorDag,
  "sensor.k8s": sensorK8s,
} as const satisfies Record<string, JsonSchema>;
