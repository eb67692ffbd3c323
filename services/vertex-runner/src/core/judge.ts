// What a job's state means for its attempt. Pure.
// Invariants:
//   V1. Only SUCCEEDED is success: a paused job goes on being watched, a partial success is a failure that says so.
//   V2. Every state has a meaning; one that we do not know is watched on, never guessed.
//   V3. `neverStarted` is said only of a job that never had a start time.
import type { JobFacts, JobState } from "./job.ts";

export interface Failing {
  readonly class:
    | "code"
    | "out_of_memory"
    | "image"
    | "config"
    | "quota"
    | "timeout"
    | "lost"
    | "infra"
    | "unknown";
  readonly message: string;
  readonly neverStarted?: boolean;
  readonly permanent?: boolean;
}

export type Verdict =
  | { readonly is: "waiting" | "running" | "cancelling" }
  | { readonly is: "succeeded" | "cancelled" }
  | { readonly is: "failed"; readonly failing: Failing };

export function judge(job: JobFacts): Verdict {
  switch (job.state) {
    case "QUEUED":
    case "PENDING":
      return { is: "waiting" };
    case "RUNNING":
    case "UPDATING":
    case "PAUSED":
    case "UNKNOWN":
      return { is: "running" };
    case "CANCELLING":
      return { is: "cancelling" };
    case "SUCCEEDED":
      return { is: "succeeded" };
    case "CANCELLED":
      return { is: "cancelled" };
    case "FAILED":
      return failed(job, failingOf(job.error));
    case "EXPIRED":
      return failed(job, {
        class: "timeout",
        message: `the job took longer than its timeout and expired${because(job)}`,
      });
    case "PARTIALLY_SUCCEEDED":
      return failed(job, {
        class: "code",
        message: `the job succeeded only in part, which is not success${because(job)}`,
      });
  }
}

const failed = (job: JobFacts, failing: Failing): Verdict => ({
  is: "failed",
  failing: { ...failing, neverStarted: job.startedMs === undefined },
});

const because = ({ error }: JobFacts): string => (error === undefined ? "" : `: ${error.message}`);

export const isFinal = (state: JobState): boolean =>
  ["SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED", "PARTIALLY_SUCCEEDED"].includes(state);

/** Status codes of google.rpc.Code. */
export const CODE = {
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

/** Vertex gives the program's own failures the code of bad requests, so its words count first. */
export function failingOf(
  error: { readonly code: number; readonly message: string } | undefined,
): Failing {
  if (error === undefined)
    return { class: "unknown", message: "the job failed, and Vertex AI does not say why" };
  const { code, message } = error;
  if (/out[- ]of[- ]memory|\b137\b.*SIGKILL|OOM/i.test(message))
    return { class: "out_of_memory", message };
  if (/non-zero (exit )?(status|code)/i.test(message)) return { class: "code", message };
  if (
    /stockout|resources are insufficient|does not have (enough|sufficient) resources/i.test(message)
  )
    return { class: "quota", message };
  if (/image/i.test(message) && /pull|not found|access|permission|unauthorized/i.test(message))
    return { class: "image", message };
  return byCode(code, message);
}

function byCode(code: number, message: string): Failing {
  switch (code) {
    case CODE.RESOURCE_EXHAUSTED:
      return { class: "quota", message };
    case CODE.INVALID_ARGUMENT:
    case CODE.OUT_OF_RANGE:
    case CODE.UNIMPLEMENTED:
      return { class: "config", message, permanent: true };
    case CODE.NOT_FOUND:
    case CODE.PERMISSION_DENIED:
    case CODE.FAILED_PRECONDITION:
    case CODE.UNAUTHENTICATED:
      return { class: "config", message };
    case CODE.DEADLINE_EXCEEDED:
      return { class: "timeout", message };
    case CODE.INTERNAL:
    case CODE.UNAVAILABLE:
    case CODE.ABORTED:
    case CODE.CANCELLED:
    case CODE.DATA_LOSS:
      return { class: "infra", message };
    default:
      return { class: "unknown", message };
  }
}

/** What a refused call means for the job that was to be created; undefined: try again. */
export function refusalOf(error: {
  readonly code: number;
  readonly message: string;
}): Failing | undefined {
  switch (error.code) {
    case CODE.INVALID_ARGUMENT:
    case CODE.OUT_OF_RANGE:
    case CODE.UNIMPLEMENTED:
    case CODE.NOT_FOUND:
    case CODE.PERMISSION_DENIED:
    case CODE.FAILED_PRECONDITION:
    case CODE.RESOURCE_EXHAUSTED: {
      const message = `Vertex AI refuses the job: ${error.message}`;
      return { ...byCode(error.code, message), neverStarted: true };
    }
    default:
      return undefined;
  }
}

/** The call may have been carried out all the same: only its answer is missing. */
export const isUncertain = (code: number): boolean =>
  [
    CODE.CANCELLED,
    CODE.UNKNOWN,
    CODE.DEADLINE_EXCEEDED,
    CODE.ABORTED,
    CODE.INTERNAL,
    CODE.UNAVAILABLE,
    CODE.DATA_LOSS,
  ].some((one) => one === code);
