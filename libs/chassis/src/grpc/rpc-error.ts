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
  if (thrown instanceof RpcError) return { code: thrown.code, details: bounded(thrown.message) };
  if (aborted) return { code: status.CANCELLED, details: "the call was cancelled" };
  return { code: status.INTERNAL, details: "internal error" };
}

/**
 * A status travels in a header, and clients refuse all headers together beyond 8 KiB: a call that fails with a longer
 * text would fail with a protocol error instead.
 */
const DETAILS_BYTES_MAX = 6_000;

/** Whole lines while they fit, then how many more there are; a single line is cut. */
function bounded(text: string): string {
  if (headerBytesOf(text) <= DETAILS_BYTES_MAX) return text;
  const lines = text.split("\n");
  let size = 0;
  const kept = lines.findIndex((line) => (size += headerBytesOf(line) + 3) > DETAILS_BYTES_MAX);
  if (kept > 0)
    return [...lines.slice(0, kept), `… and ${lines.length - kept} more lines`].join("\n");
  let cut = text.length;
  while (headerBytesOf(text.slice(0, cut)) > DETAILS_BYTES_MAX) cut = Math.floor(cut * 0.9);
  return `${text.slice(0, cut)}… (${text.length - cut} more characters)`;
}

/** Bytes outside printable ASCII are written as %XX. */
function headerBytesOf(text: string): number {
  let size = 0;
  for (const byte of Buffer.from(text))
    size += byte >= 0x20 && byte <= 0x7e && byte !== 0x25 ? 1 : 3;
  return size;
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
