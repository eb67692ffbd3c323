// What a handler knows about the call it answers, beside the request.
import type { Metadata } from "@grpc/grpc-js";

/** Metadata keys of ours; lower case, as HTTP/2 wants them. */
export const metadataKeys = {
  principal: "chasqui-principal",
  reason: "chasqui-reason",
  traceparent: "traceparent",
} as const;

export const ANONYMOUS = "anonymous";

export interface CallContext {
  /** Who asks, for `authorize` and the audit row: "user:ana", "service:console"; else "anonymous". */
  readonly principal: string;
  /** Why, in the caller's words; for the audit row. */
  readonly reason: string | undefined;
  /** The server span of this call when it is traced, to be the parent of what follows from it. */
  readonly traceparent: string | undefined;
  /** Aborted when the caller went away, the deadline passed, or the server stops without waiting longer. */
  readonly signal: AbortSignal;
  readonly peer: string;
}

export function firstOf(metadata: Metadata, key: string): string | undefined {
  const [value] = metadata.get(key);
  return typeof value === "string" && value !== "" ? value : undefined;
}
