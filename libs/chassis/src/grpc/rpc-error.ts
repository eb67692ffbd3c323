// The one kind of error that crosses a gRPC call, in both directions.
// Invariant: only an RpcError's text reaches the caller; anything else that a handler throws is our own
// mistake, says "internal error" and is told to the log.
import { status, type ServiceError, type StatusObject } from "@grpc/grpc-js";

/** gRPC's status codes. */
export const RpcCode = {
  OK: 0,
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
} as const satisfies Record<string, status>;

export type RpcCodeName = keyof typeof RpcCode;

export class RpcError extends Error {
  override readonly name = "RpcError";
  /** gRPC's number; compare with RpcCode.NOT_FOUND and the like. */
  readonly code: number;

  constructor(code: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  get codeName(): RpcCodeName {
    return codeNameOf(this.code);
  }

  /** What a client call rejects with. */
  static from(thrown: unknown): RpcError {
    if (thrown instanceof RpcError) return thrown;
    if (isServiceError(thrown)) return new RpcError(thrown.code, thrown.details, { cause: thrown });
    return new RpcError(RpcCode.UNKNOWN, String(thrown), { cause: thrown });
  }
}

const namesByCode = new Map<number, RpcCodeName>(
  Object.entries(RpcCode).map(([name, code]) => [code, name as RpcCodeName]), // entries forget the keys' type
);

export function codeNameOf(code: number): RpcCodeName {
  return namesByCode.get(code) ?? "UNKNOWN";
}

/** What the caller of a handler that threw is told. */
export function statusFrom(thrown: unknown, aborted: boolean): Partial<StatusObject> {
  if (thrown instanceof RpcError) return { code: thrown.code, details: thrown.message };
  if (aborted) return { code: status.CANCELLED, details: "the call was cancelled" };
  return { code: status.INTERNAL, details: "internal error" };
}

function isServiceError(thrown: unknown): thrown is ServiceError {
  return (
    thrown instanceof Error &&
    "code" in thrown &&
    typeof thrown.code === "number" &&
    "details" in thrown &&
    typeof thrown.details === "string"
  );
}
