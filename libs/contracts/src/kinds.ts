// What `with` of each built-in task kind may hold: JSON Schemas, read by `validate`, by editors and by people.
// The runner of a kind parses the rendered configuration again; these schemas judge it before it is rendered,
// when any value may still be a "${…}".
// Beyond plain JSON Schema: `format: "duration"` (30s, 1h30m), `format: "cel"` with the names that the
// expression may use in `x-variables`, `format: "http-url"`, and `x-connection` with the types of connections that fit.
import type { ConnectionTypeName } from "./connection-types.ts";

/** The part of JSON Schema that Chasqui understands. */
export interface JsonSchema {
  readonly type?: JsonSchemaType | readonly JsonSchemaType[];
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  /** What keys of a map look like. */
  readonly propertyNames?: JsonSchema;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  /** With `format: "cel"`: the names that the expression may use. */
  readonly "x-variables"?: readonly string[];
  /** The name of a connection, of one of these types; its `default` is used when nothing is named. */
  readonly "x-connection"?: readonly string[];
}

export type JsonSchemaType =
  "object" | "array" | "string" | "integer" | "number" | "boolean" | "null";

const text = (description: string): JsonSchema => ({ type: "string", minLength: 1, description });
const duration = (description: string): JsonSchema => ({
  type: "string",
  format: "duration",
  description: `${description}; for example 30s, 5m, 1h30m`,
});
const texts = (description: string): JsonSchema => ({
  type: "array",
  items: { type: "string" },
  maxItems: 1_000,
  description,
});
const textMap = (description: string): JsonSchema => ({
  type: "object",
  additionalProperties: { type: "string" },
  description,
});
const environment: JsonSchema = {
  type: "object",
  propertyNames: { type: "string", pattern: "^[A-Za-z_][A-Za-z0-9_]*$" },
  additionalProperties: { type: "string" },
  description: "Environment variables; values are text, so put numbers in quotes",
};
const connection = (
  description: string,
  types: readonly ConnectionTypeName[],
  otherwise?: string,
): JsonSchema => ({
  type: "string",
  minLength: 1,
  maxLength: 63,
  description: `${description}; the name of a connection in environments/<env>.yaml`,
  "x-connection": types,
  ...(otherwise === undefined ? {} : { default: otherwise }),
});
const quantity = (description: string): JsonSchema => ({
  type: "string",
  pattern: "^[0-9]+(\\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$",
  description,
});

const pod: JsonSchema = {
  type: "object",
  title: "A pod that runs one container",
  required: ["image"],
  additionalProperties: false,
  properties: {
    image: text("The container image, with its tag or digest"),
    command: texts("The program and its first arguments, in place of the image's entry point"),
    args: texts("Arguments"),
    env: environment,
    secrets: {
      type: "object",
      propertyNames: { type: "string", pattern: "^[A-Za-z_][A-Za-z0-9_]*$" },
      additionalProperties: {
        type: "string",
        pattern: "^[a-z0-9]([a-z0-9.-]*[a-z0-9])?/[A-Za-z0-9._-]+$",
      },
      description:
        "Environment variables from Kubernetes secrets: DB_PASSWORD: <secret>/<key>; the value never leaves the cluster",
    },
    resources: {
      type: "object",
      additionalProperties: false,
      description: "What the container gets: request and limit are the same",
      properties: {
        cpu: quantity("Cores; for example 500m or 2, in quotes"),
        memory: quantity("Bytes; for example 512Mi or 4Gi"),
      },
    },
    labels: textMap("Labels of the pod, beside Chasqui's own"),
    service_account: text("The Kubernetes service account"),
    node_selector: textMap("Labels that the node must have"),
    active_deadline: duration(
      "After so long Kubernetes itself ends the pod; the task's timeout is usually enough",
    ),
    skip_on_exit_code: {
      type: "array",
      items: { type: "integer", minimum: 1, maximum: 255 },
      description: "Exit codes that mean: nothing to do; the task is skipped",
    },
  },
};

const customJob: JsonSchema = {
  type: "object",
  title: "A Vertex AI custom job",
  required: ["image", "machine_type"],
  additionalProperties: false,
  properties: {
    display_name: text("The job's name in the cloud console"),
    image: text("The container image"),
    command: texts("The program and its first arguments, in place of the image's entry point"),
    args: texts("Arguments"),
    env: environment,
    machine_type: text("For example n1-standard-4"),
    accelerator: {
      type: "object",
      required: ["type"],
      additionalProperties: false,
      properties: {
        type: text("For example NVIDIA_TESLA_T4"),
        count: { type: "integer", minimum: 1, maximum: 16, default: 1 },
      },
    },
    replicas: { type: "integer", minimum: 1, maximum: 1_000, default: 1 },
    labels: textMap("Labels of the job, beside Chasqui's own"),
    service_account: text("The service account that the job runs as"),
    region: text("In place of the connection's location; for example us-central1"),
    connection: connection("Where the job runs", ["vertex"], "vertex"),
  },
};

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
    url: { type: "string", format: "http-url", description: "What is asked" },
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
    params: { type: "object", description: "Values of :name in the query" },
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

const reportEmail: JsonSchema = {
  type: "object",
  title: "One report mail per recipient that has data",
  required: ["report", "period", "connection", "recipients", "data", "template"],
  additionalProperties: false,
  properties: {
    report: { type: "string", pattern: "^[a-z0-9][a-z0-9_-]{0,62}$", description: "Its name" },
    period: text("What it is about; a recipient gets a report once per period"),
    connection: connection("The database that is asked", ["postgres"]),
    recipients: {
      type: "object",
      required: ["query", "key"],
      additionalProperties: false,
      properties: {
        query: text("SQL; columns: the key, email, and optionally locale and active"),
        params: { type: "object", description: "Values of :name in the query" },
        key: text("The column that identifies a recipient, in both queries"),
      },
    },
    data: {
      type: "object",
      required: ["query"],
      additionalProperties: false,
      properties: {
        query: text("SQL; one row per line of the report, with the key's column"),
        params: { type: "object", description: "Values of :name in the query" },
      },
    },
    template: { type: "string", pattern: "^[a-z0-9][a-z0-9_-]{0,62}$", description: "Its name" },
    subject: text("The mail's subject, in place of the template's"),
    attach: { type: "array", items: { enum: ["csv"] }, uniqueItems: true },
    mail_connection: connection("The mail server", ["smtp"], "mail"),
  },
};

const noop: JsonSchema = {
  type: "object",
  title: "Nothing: a joint between tasks",
  additionalProperties: false,
  properties: {},
};

const approval: JsonSchema = {
  type: "object",
  title: "Waits until a person approves or rejects",
  required: ["message"],
  additionalProperties: false,
  properties: {
    message: text("What is asked, for people"),
    form: {
      type: "object",
      description: "JSON Schema of what the person fills in; it is the output",
    },
    approvers: {
      type: "array",
      items: { type: "string", minLength: 1 },
      minItems: 1,
      maxItems: 100,
      uniqueItems: true,
      description: "Who may answer; absent means whoever may approve at all",
    },
    on_reject: {
      enum: ["fail", "skip"],
      default: "fail",
      description: "What a rejection makes of the task",
    },
    default: {
      enum: ["approve", "reject"],
      description:
        "The answer when the task's timeout comes first; absent means that the task fails",
    },
  },
};

const dagRun: JsonSchema = {
  type: "object",
  title: "A run of another DAG",
  required: ["dag"],
  additionalProperties: false,
  properties: {
    dag: { type: "string", pattern: "^[a-z][a-z0-9-]{0,62}$", description: "Its id" },
    params: { type: "object", description: "The run's parameters" },
    key: text("The run's key; absent means one run for each attempt"),
    wait: {
      type: "boolean",
      default: true,
      description: "Until the run has settled; otherwise the task is done when the run exists",
    },
    allowed: {
      type: "array",
      items: { enum: ["succeeded", "failed", "cancelled"] },
      minItems: 1,
      uniqueItems: true,
      description: "States of the run with which the task succeeds; absent means succeeded alone",
    },
  },
};

/** By kind; `noop`, `approval` and `dag.run` are carried out by the state machine itself. */
export const builtInKindSchemas: Readonly<Record<string, JsonSchema>> = {
  "k8s.pod": pod,
  "vertex.custom-job": customJob,
  "sensor.time": sensorTime,
  "sensor.http": sensorHttp,
  "sensor.sql": sensorSql,
  "sensor.object": sensorObject,
  "report.email": reportEmail,
  noop,
  approval,
  "dag.run": dagRun,
};
