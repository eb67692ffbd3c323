// What a pod remembers of its attempt, in its labels and annotations: the cluster is our database. Pure.
// Labels find pods; annotations hold what must come back exactly.
// Invariant: readNote(note written on a pod) is the note.

export const LABELS = {
  run: "chasqui.io/run",
  dag: "chasqui.io/dag",
  task: "chasqui.io/task",
  attempt: "chasqui.io/attempt",
  kind: "chasqui.io/kind",
  environment: "chasqui.io/environment",
} as const;

export const ANNOTATIONS = {
  /** The whole note, as JSON. */
  note: "chasqui.io/attempt",
  traceparent: "chasqui.io/traceparent",
  /** Who reads the log, and until when it is theirs. */
  follower: "chasqui.io/follower",
  /** How far the log was read and stored. */
  log: "chasqui.io/log",
  /** We asked for its end: the reason. */
  cancel: "chasqui.io/cancel",
  /** It is hopeless and must go; the failure that is then reported, as JSON. */
  doomed: "chasqui.io/doomed",
  /** When its outcome was stored in the INBOX. */
  reported: "chasqui.io/reported",
  /** When the state machine was seen to have it. */
  confirmed: "chasqui.io/confirmed",
} as const;

export interface Note {
  readonly runId: string;
  readonly dagId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly attempt: number;
  readonly attemptsMax: number;
  readonly attemptId: string;
  readonly acceptedMs: number;
  readonly timeoutMs: number | undefined;
  readonly skipExitCodes: readonly number[];
}

export function writeNote(note: Note): string {
  const { runId, dagId, taskId, mapIndex, attempt, attemptsMax, attemptId } = note;
  const { acceptedMs, timeoutMs, skipExitCodes } = note;
  const who = { runId, dagId, taskId, mapIndex, attempt, attemptsMax, attemptId };
  return JSON.stringify({ ...who, acceptedMs, timeoutMs, skipExitCodes });
}

/** Undefined for anything but a note: a pod that only borrowed our labels is left alone. */
export function readNote(text: string | undefined): Note | undefined {
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const note: Partial<Record<keyof Note, unknown>> = value;
  const { runId, dagId, taskId, attemptId, mapIndex, attempt, attemptsMax, acceptedMs } = note;
  const { timeoutMs, skipExitCodes } = note;
  if (typeof runId !== "string" || typeof dagId !== "string" || typeof taskId !== "string")
    return undefined;
  if (typeof attemptId !== "string" || typeof mapIndex !== "number") return undefined;
  if (typeof attempt !== "number" || typeof attemptsMax !== "number") return undefined;
  if (typeof acceptedMs !== "number") return undefined;
  return {
    runId,
    dagId,
    taskId,
    attemptId,
    mapIndex,
    attempt,
    attemptsMax,
    acceptedMs,
    timeoutMs: typeof timeoutMs === "number" ? timeoutMs : undefined,
    skipExitCodes: Array.isArray(skipExitCodes)
      ? skipExitCodes.filter((code): code is number => typeof code === "number")
      : [],
  };
}

/** A label value must be short and begin and end with a letter or digit; what is not is cut to that. */
export function labelValue(text: string): string {
  return text
    .replaceAll(/[^A-Za-z0-9_.-]/g, "-")
    .replace(/^[^A-Za-z0-9]+/, "")
    .slice(0, 63)
    .replace(/[^A-Za-z0-9]+$/, "");
}
