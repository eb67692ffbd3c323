// What a job will do, from its labels: `sandbox-outcome` and `sandbox-ms`. Labels, because they
// travel from a DAG file through the runner and the real client without anyone knowing of them.
import { CODES, RpcError } from "./rpc.ts";

export type JobState =
  | "JOB_STATE_QUEUED"
  | "JOB_STATE_PENDING"
  | "JOB_STATE_RUNNING"
  | "JOB_STATE_SUCCEEDED"
  | "JOB_STATE_FAILED"
  | "JOB_STATE_CANCELLING"
  | "JOB_STATE_CANCELLED"
  | "JOB_STATE_EXPIRED";

export interface Step {
  readonly state: JobState;
  /** After the step before. */
  readonly afterMs: number;
  readonly error?: { readonly code: number; readonly message: string };
}

const DEFAULT_RUN_MS = 300;
const STEP_MS = 20;

const FAILURES: Readonly<Record<string, { code: number; message: string }>> = {
  "fail-quota": {
    code: CODES.RESOURCE_EXHAUSTED,
    message:
      "The following quota metrics exceed quota limits: aiplatform.googleapis.com/custom_model_training_cpus",
  },
  fail: {
    code: CODES.INVALID_ARGUMENT,
    message:
      "The replica workerpool0-0 exited with a non-zero status of 1. To find out more about why your job exited please check the logs",
  },
  "fail-oom": {
    code: CODES.INVALID_ARGUMENT,
    message:
      "The replica workerpool0-0 ran out-of-memory and exited with a non-zero status of 137(SIGKILL).",
  },
  "fail-infra": {
    code: CODES.INTERNAL,
    message: "Internal error occurred for the current attempt.",
  },
};

const OTHERS = ["", "succeed", "cancel", "hang", "hang-queued", "expire"];

export function scriptOf(labels: Readonly<Record<string, string>>): readonly Step[] {
  const outcome = labels["sandbox-outcome"] ?? "";
  const runMs = Number(labels["sandbox-ms"] ?? DEFAULT_RUN_MS);
  if (!(runMs >= 0)) {
    throw new RpcError(
      CODES.INVALID_ARGUMENT,
      `label sandbox-ms ${JSON.stringify(labels["sandbox-ms"])}: want milliseconds`,
    );
  }
  const failure = FAILURES[outcome];
  if (failure === undefined && !OTHERS.includes(outcome)) {
    const known = [...Object.keys(FAILURES), ...OTHERS.slice(1)].join(", ");
    throw new RpcError(
      CODES.INVALID_ARGUMENT,
      `label sandbox-outcome ${JSON.stringify(outcome)}: want one of ${known}`,
    );
  }
  if (outcome === "hang-queued") return [];
  const pending: Step = { state: "JOB_STATE_PENDING", afterMs: STEP_MS };
  const running: Step = { state: "JOB_STATE_RUNNING", afterMs: STEP_MS };
  const last = (state: JobState): Step => ({ state, afterMs: runMs });
  if (failure !== undefined) {
    const failed: Step = { ...last("JOB_STATE_FAILED"), error: failure };
    // A quota is found out before anything runs.
    return outcome === "fail-quota" ? [pending, failed] : [pending, running, failed];
  }
  if (outcome === "hang") return [pending, running];
  if (outcome === "cancel") return [pending, running, last("JOB_STATE_CANCELLED")];
  if (outcome === "expire") return [pending, running, last("JOB_STATE_EXPIRED")];
  return [pending, running, last("JOB_STATE_SUCCEEDED")];
}

export function isFinal(state: JobState): boolean {
  switch (state) {
    case "JOB_STATE_SUCCEEDED":
    case "JOB_STATE_FAILED":
    case "JOB_STATE_CANCELLED":
    case "JOB_STATE_EXPIRED":
      return true;
    case "JOB_STATE_QUEUED":
    case "JOB_STATE_PENDING":
    case "JOB_STATE_RUNNING":
    case "JOB_STATE_CANCELLING":
      return false;
    default: {
      const never: never = state;
      throw new Error(`job state ${String(never)}`);
    }
  }
}
