// The custom job of an attempt, and the attempt of a custom job. Pure.
// A custom job has no name of our choice: labels find it, the environment of its program says exactly whose it is.
// Invariants:
//   S1. Vertex AI does not repeat what failed: repeats are Chasqui's.
//   S2. noteOf(job made by customJob) says the attempt; a job without our words is nobody's.
import type { JobFacts } from "./job.ts";

export interface JobConfig {
  readonly displayName: string | undefined;
  readonly image: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly machineType: string;
  readonly accelerator: { readonly type: string; readonly count: number } | undefined;
  readonly replicas: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly serviceAccount: string | undefined;
  readonly region: string | undefined;
  readonly connection: string;
}

export interface JobOf {
  readonly runId: string;
  readonly dagId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly attempt: number;
  readonly attemptId: string;
  readonly environment: string;
  readonly logicalTime: string;
  readonly traceparent: string | undefined;
  readonly childTraceparent: string | undefined;
  readonly timeoutMs: number | undefined;
  readonly config: JobConfig;
}

export const LABELS = {
  run: "chasqui_run",
  dag: "chasqui_dag",
  task: "chasqui_task",
  attempt: "chasqui_attempt",
  environment: "chasqui_environment",
  trace: "chasqui_trace",
} as const;

const ENV = {
  run: "CHASQUI_RUN_ID",
  task: "CHASQUI_TASK_ID",
  map: "CHASQUI_MAP_INDEX",
  number: "CHASQUI_ATTEMPT",
  attempt: "CHASQUI_ATTEMPT_ID",
  /** Of the assignment: whoever reports the job's end goes on in its trace. */
  assignment: "CHASQUI_TRACEPARENT",
} as const;

export interface CustomJob {
  readonly displayName: string;
  readonly labels: Record<string, string>;
  readonly jobSpec: {
    readonly workerPoolSpecs: WorkerPool[];
    readonly scheduling: {
      readonly disableRetries: true;
      readonly timeout?: { readonly seconds: number };
    };
    readonly serviceAccount?: string;
  };
}

interface WorkerPool {
  readonly machineSpec: {
    readonly machineType: string;
    readonly acceleratorType?: string;
    readonly acceleratorCount?: number;
  };
  readonly replicaCount: number;
  readonly containerSpec: {
    readonly imageUri: string;
    readonly command: string[];
    readonly args: string[];
    readonly env: { readonly name: string; readonly value: string }[];
  };
}

const NAME_LENGTH_MAX = 128;

export function customJob(of: JobOf): CustomJob {
  const { config, timeoutMs, dagId, taskId, attempt } = of;
  const name = config.displayName ?? `${dagId} / ${taskId} (${attempt})`;
  return {
    displayName: name.slice(0, NAME_LENGTH_MAX),
    labels: labelsOf(of),
    jobSpec: {
      workerPoolSpecs: workerPools(of),
      scheduling: {
        disableRetries: true,
        ...(timeoutMs === undefined ? {} : { timeout: { seconds: Math.ceil(timeoutMs / 1_000) } }),
      },
      ...(config.serviceAccount === undefined ? {} : { serviceAccount: config.serviceAccount }),
    },
  };
}

/** The first pool is the chief, one replica; all others are workers of the second. */
function workerPools(of: JobOf): WorkerPool[] {
  const { config } = of;
  const { accelerator } = config;
  const pool = (replicaCount: number): WorkerPool => ({
    replicaCount,
    machineSpec: {
      machineType: config.machineType,
      ...(accelerator === undefined
        ? {}
        : { acceleratorType: accelerator.type, acceleratorCount: accelerator.count }),
    },
    containerSpec: {
      imageUri: config.image,
      command: [...config.command],
      args: [...config.args],
      env: Object.entries(envOf(of)).map(([key, value]) => ({ name: key, value })),
    },
  });
  return config.replicas === 1 ? [pool(1)] : [pool(1), pool(config.replicas - 1)];
}

function envOf(of: JobOf): Record<string, string> {
  const { childTraceparent, traceparent } = of;
  return {
    ...of.config.env,
    [ENV.run]: of.runId,
    CHASQUI_DAG_ID: of.dagId,
    [ENV.task]: of.taskId,
    [ENV.map]: String(of.mapIndex),
    [ENV.number]: String(of.attempt),
    [ENV.attempt]: of.attemptId,
    CHASQUI_ENVIRONMENT: of.environment,
    CHASQUI_LOGICAL_TIME: of.logicalTime,
    ...(traceparent === undefined ? {} : { [ENV.assignment]: traceparent }),
    ...(childTraceparent === undefined ? {} : { TRACEPARENT: childTraceparent }),
  };
}

function labelsOf(of: JobOf): Record<string, string> {
  const traceId = of.traceparent?.split("-")[1];
  return {
    ...of.config.labels,
    [LABELS.run]: of.runId,
    [LABELS.dag]: labelValue(of.dagId),
    [LABELS.task]: labelValue(of.taskId),
    [LABELS.attempt]: of.attemptId,
    [LABELS.environment]: labelValue(of.environment),
    ...(traceId === undefined ? {} : { [LABELS.trace]: labelValue(traceId) }),
  };
}

/** Google's labels: lower case, digits, `_` and `-`, at most 63. */
export const labelValue = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, "-")
    .slice(0, 63);

export interface Note {
  readonly runId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly attempt: number;
  readonly attemptId: string;
  readonly traceparent: string | undefined;
}

/** Undefined for a job that is not ours, whatever its labels say. */
export function noteOf({ labels, env }: JobFacts): Note | undefined {
  const { [ENV.run]: runId, [ENV.task]: taskId, [ENV.attempt]: attemptId } = env;
  const attempt = Number(env[ENV.number]);
  const mapIndex = Number(env[ENV.map]);
  if (runId === undefined || taskId === undefined || attemptId === undefined) return undefined;
  if (!Number.isInteger(attempt) || !Number.isInteger(mapIndex)) return undefined;
  if (labels[LABELS.attempt] !== attemptId) return undefined;
  return { runId, taskId, mapIndex, attempt, attemptId, traceparent: env[ENV.assignment] };
}

/** `projects/p/locations/l/customJobs/7` → its page in the cloud console. */
export function consoleLink(jobName: string): string {
  const match = /^projects\/([^/]+)\/locations\/([^/]+)\/customJobs\/([^/]+)$/.exec(jobName);
  if (match === null) return "";
  const [, project = "", location = "", id = ""] = match;
  const page = `https://console.cloud.google.com/vertex-ai/locations/${location}/training/${id}/cpu`;
  return `${page}?project=${encodeURIComponent(project)}`;
}
