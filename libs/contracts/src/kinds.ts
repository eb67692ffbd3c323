// What `with` of each built-in task kind may hold: JSON Schemas, read by `validate`, by editors and by people.
// The runner of a kind parses the rendered configuration again; these schemas judge it before it is rendered,
// when any value may still be a "${…}".
import { connection, duration, queryParams, text, textMap } from "./json-schema.ts";
import type { JsonSchema } from "./json-schema.ts";
import { sensorKindSchemas } from "./sensor-kinds.ts";

const texts = (description: string): JsonSchema => ({
  type: "array",
  items: { type: "string", "x-scalar": true },
  maxItems: 1_000,
  description,
});
const environment: JsonSchema = {
  type: "object",
  propertyNames: { type: "string", pattern: "^[A-Za-z_][A-Za-z0-9_]*$" },
  additionalProperties: { type: "string", "x-scalar": true },
  description: "Environment variables; values are text, so put numbers in quotes",
};
const quantity = (description: string): JsonSchema => ({
  type: "string",
  pattern: "^[0-9]+(\\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$",
  description,
});

const exitCode: JsonSchema = { type: "integer", minimum: 1, maximum: 255 };
const image = text("The container image, with its tag or digest");

const pod: JsonSchema = {
  type: "object",
  title: "A pod that runs one container",
  required: ["image"],
  additionalProperties: false,
  properties: {
    image,
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
      oneOf: [exitCode, { type: "array", items: exitCode, maxItems: 255 }],
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
    image,
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
    labels: {
      type: "object",
      propertyNames: { type: "string", pattern: "^[a-z][a-z0-9_-]{0,62}$" },
      additionalProperties: { type: "string", pattern: "^[a-z0-9_-]{1,63}$" },
      description: "Labels of the job, beside Chasqui's own",
    },
    service_account: text("The service account that the job runs as"),
    region: text("In place of the connection's location; for example us-central1"),
    connection: connection("Where the job runs", ["vertex"], "vertex"),
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
        params: queryParams,
        key: text("The column that identifies a recipient, in both queries"),
      },
    },
    data: {
      type: "object",
      required: ["query"],
      additionalProperties: false,
      properties: {
        query: text("SQL; one row per line of the report, with the key's column"),
        params: queryParams,
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
      description: "JSON Schema of what the person fills in; output.values holds it",
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
  ...sensorKindSchemas,
  "report.email": reportEmail,
  noop,
  approval,
  "dag.run": dagRun,
};
