// The pod of an attempt. Pure.
// Invariants:
//   M1. Its name is the attempt's id: creating it twice is refused by the API server, never done.
//   M2. It never restarts, and Kubernetes itself ends it at the attempt's timeout, also while nothing of ours lives.
//   M3. Its program learns who it is from CHASQUI_* variables, and its trace from TRACEPARENT; a task cannot replace
//       them.
import { ANNOTATIONS, LABELS, labelValue, writeNote } from "./note.ts";
import type { Note } from "./note.ts";
import { writeLease } from "./lease.ts";

export const CONTAINER = "main";
export const OUTPUT_PATH = "/dev/termination-log";
export const MANAGED_BY = "chasqui";

export interface PodConfig {
  readonly image: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Variable → secret/key. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly resources: { readonly cpu: string | undefined; readonly memory: string | undefined };
  readonly labels: Readonly<Record<string, string>>;
  readonly serviceAccount: string | undefined;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly activeDeadlineMs: number | undefined;
  readonly skipExitCodes: readonly number[];
}

export interface PodOf {
  readonly note: Note;
  readonly kind: string;
  readonly environment: string;
  readonly logicalTime: string;
  readonly config: PodConfig;
  /** The assignment's, for whoever reports later. */
  readonly traceparent: string | undefined;
  /** For the program. */
  readonly childTraceparent: string | undefined;
  readonly graceMs: number;
  readonly follower: { readonly holder: string; readonly untilMs: number };
}

export interface PodManifest {
  readonly metadata: {
    readonly name: string;
    readonly labels: Record<string, string>;
    readonly annotations: Record<string, string>;
  };
  readonly spec: PodSpec;
}

interface PodSpec {
  readonly restartPolicy: "Never";
  readonly terminationGracePeriodSeconds: number;
  readonly enableServiceLinks: false;
  readonly automountServiceAccountToken: boolean;
  readonly serviceAccountName?: string;
  readonly nodeSelector?: Record<string, string>;
  readonly activeDeadlineSeconds?: number;
  readonly containers: Container[];
}

interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: string[];
  readonly args?: string[];
  readonly env: EnvVar[];
  readonly resources?: { requests: Record<string, string>; limits: Record<string, string> };
  readonly terminationMessagePath: string;
  readonly terminationMessagePolicy: "File";
}

export type EnvVar =
  | { readonly name: string; readonly value: string }
  | { readonly name: string; readonly valueFrom: { secretKeyRef: { name: string; key: string } } };

export function podManifest(of: PodOf): PodManifest {
  const { note, config } = of;
  const deadlines = [note.timeoutMs, config.activeDeadlineMs].filter((ms) => ms !== undefined);
  const deadlineSeconds = Math.max(1, Math.ceil(Math.min(...deadlines) / 1_000));
  return {
    metadata: { name: note.attemptId, labels: labelsOf(of), annotations: annotationsOf(of) },
    spec: {
      restartPolicy: "Never",
      terminationGracePeriodSeconds: Math.ceil(of.graceMs / 1_000),
      enableServiceLinks: false,
      automountServiceAccountToken: config.serviceAccount !== undefined,
      ...(config.serviceAccount === undefined ? {} : { serviceAccountName: config.serviceAccount }),
      ...(Object.keys(config.nodeSelector).length === 0
        ? {}
        : { nodeSelector: { ...config.nodeSelector } }),
      ...(deadlines.length === 0 ? {} : { activeDeadlineSeconds: deadlineSeconds }),
      containers: [containerOf(of)],
    },
  };
}

function labelsOf({ note, kind, environment, config }: PodOf): Record<string, string> {
  return {
    ...config.labels,
    "app.kubernetes.io/managed-by": MANAGED_BY,
    [LABELS.run]: note.runId,
    [LABELS.dag]: labelValue(note.dagId),
    [LABELS.task]: labelValue(note.taskId),
    [LABELS.attempt]: note.attemptId,
    [LABELS.kind]: labelValue(kind),
    [LABELS.environment]: labelValue(environment),
  };
}

function annotationsOf({ note, traceparent, follower }: PodOf): Record<string, string> {
  return {
    [ANNOTATIONS.note]: writeNote(note),
    [ANNOTATIONS.follower]: writeLease(follower),
    ...(traceparent === undefined ? {} : { [ANNOTATIONS.traceparent]: traceparent }),
  };
}

function containerOf(of: PodOf): Container {
  const { config } = of;
  const { cpu, memory } = config.resources;
  const wanted = {
    ...(cpu === undefined ? {} : { cpu }),
    ...(memory === undefined ? {} : { memory }),
  };
  return {
    name: CONTAINER,
    image: config.image,
    ...(config.command.length === 0 ? {} : { command: [...config.command] }),
    ...(config.args.length === 0 ? {} : { args: [...config.args] }),
    env: envOf(of),
    ...(Object.keys(wanted).length === 0
      ? {}
      : { resources: { requests: { ...wanted }, limits: { ...wanted } } }),
    terminationMessagePath: OUTPUT_PATH,
    terminationMessagePolicy: "File",
  };
}

const SECRET_VALUE = /^secret:([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)\/([A-Za-z0-9._-]+)$/;

function envOf(of: PodOf): EnvVar[] {
  const { note, config, environment, logicalTime, childTraceparent } = of;
  const ours: Record<string, string> = {
    CHASQUI_RUN_ID: note.runId,
    CHASQUI_DAG_ID: note.dagId,
    CHASQUI_TASK_ID: note.taskId,
    CHASQUI_ATTEMPT: String(note.attempt),
    CHASQUI_ATTEMPT_ID: note.attemptId,
    CHASQUI_ENVIRONMENT: environment,
    CHASQUI_LOGICAL_TIME: logicalTime,
    CHASQUI_OUTPUT: OUTPUT_PATH,
    ...(note.mapIndex < 0 ? {} : { CHASQUI_MAP_INDEX: String(note.mapIndex) }),
    ...(childTraceparent === undefined ? {} : { TRACEPARENT: childTraceparent }),
  };
  const theirs = Object.entries(config.env).filter(([name]) => !Object.hasOwn(ours, name));
  const secrets = Object.entries(config.secrets).filter(([name]) => !Object.hasOwn(ours, name));
  return [
    ...theirs.map(([name, value]) => envVar(name, value)),
    ...secrets.map(([name, value]) => envVar(name, `secret:${value}`)),
    ...Object.entries(ours).map(([name, value]) => ({ name, value })),
  ];
}

/** Kubernetes replaces $(NAME) in values and halves $$: what a task wrote is meant as it stands. */
function envVar(name: string, value: string): EnvVar {
  const secret = SECRET_VALUE.exec(value);
  if (secret === null) return { name, value: value.replaceAll("$", "$$$$") };
  const [, secretName = "", key = ""] = secret;
  return { name, valueFrom: { secretKeyRef: { name: secretName, key } } };
}
