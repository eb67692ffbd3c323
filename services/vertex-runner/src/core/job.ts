// A Vertex AI custom job as this service sees it: what the API said, parsed once.

export const jobStates = [
  "QUEUED",
  "PENDING",
  "RUNNING",
  "SUCCEEDED",
  "FAILED",
  "CANCELLING",
  "CANCELLED",
  "PAUSED",
  "EXPIRED",
  "UPDATING",
  "PARTIALLY_SUCCEEDED",
] as const;
export type JobState = (typeof jobStates)[number] | "UNKNOWN";

export interface JobFacts {
  /** projects/…/locations/…/customJobs/… */
  readonly name: string;
  readonly state: JobState;
  readonly labels: Readonly<Record<string, string>>;
  /** Of the first worker pool's container. */
  readonly env: Readonly<Record<string, string>>;
  readonly createdMs: number;
  readonly startedMs: number | undefined;
  readonly endedMs: number | undefined;
  readonly error: { readonly code: number; readonly message: string } | undefined;
}
