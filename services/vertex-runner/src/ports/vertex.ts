// Vertex AI as this service needs it. google-vertex.ts is the real one.
import type { JobFacts } from "../core/job.ts";
import type { CustomJob } from "../core/spec.ts";

/** A project and location that a connection names. */
export interface Place {
  readonly connection: string;
  readonly project: string;
  readonly location: string;
}

export interface Vertex {
  /** Every place where our jobs may be. */
  readonly places: readonly Place[];
  /** Rejects with VertexError. */
  create(place: Place, job: CustomJob): Promise<JobFacts>;
  /** Undefined when there is no such job. */
  get(name: string): Promise<JobFacts | undefined>;
  /** Oldest first. */
  find(place: Place, filter: JobFilter): Promise<JobFacts[]>;
  cancel(name: string): Promise<void>;
  close(): Promise<void>;
}

export interface JobFilter {
  readonly labels: Readonly<Record<string, string>>;
  readonly createdSinceMs?: number;
  /** Only those that have not ended. */
  readonly active?: boolean;
}

/** The API answered with an error, or did not answer. */
export class VertexError extends Error {
  override readonly name = "VertexError";
  /** google.rpc.Code. */
  readonly code: number;
  constructor(message: string, code: number, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  static from(thrown: unknown): VertexError {
    if (thrown instanceof VertexError) return thrown;
    if (!(thrown instanceof Error)) return new VertexError(String(thrown), UNKNOWN);
    const code: unknown = Reflect.get(thrown, "code");
    const details: unknown = Reflect.get(thrown, "details");
    const message = typeof details === "string" && details !== "" ? details : thrown.message;
    return new VertexError(message, typeof code === "number" ? code : UNKNOWN, { cause: thrown });
  }
}

const UNKNOWN = 2;
