// Errors of the HTTP API: always { error, hint } in JSON, the hint saying what to do about it.
import { RpcCode, RpcError, type RpcCodeName } from "@chasqui/chassis";
import type { ApiError } from "../api.ts";

export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly status: number;
  readonly hint: string;
  constructor(status: number, message: string, hint: string) {
    super(message);
    this.status = status;
    this.hint = hint;
  }
}

const byCode: Partial<Record<RpcCodeName, { status: number; hint: string }>> = {
  INVALID_ARGUMENT: { status: 400, hint: "Change what was asked as the message says." },
  OUT_OF_RANGE: { status: 400, hint: "Change what was asked as the message says." },
  UNAUTHENTICATED: { status: 401, hint: "Say who you are." },
  PERMISSION_DENIED: { status: 403, hint: "Ask somebody who may, or ask to be allowed." },
  NOT_FOUND: { status: 404, hint: "Look for it in /api/runs or /api/dags." },
  ALREADY_EXISTS: { status: 409, hint: "It is there already; read it." },
  ABORTED: { status: 409, hint: "Somebody else changed it meanwhile; try again." },
  FAILED_PRECONDITION: { status: 409, hint: "Its present state does not allow this." },
  RESOURCE_EXHAUSTED: { status: 429, hint: "Ask for less, or later." },
  CANCELLED: { status: 499, hint: "The caller left." },
  DEADLINE_EXCEEDED: { status: 504, hint: "The service is slow; try again." },
  UNIMPLEMENTED: { status: 501, hint: "The service is older than this console." },
  UNAVAILABLE: {
    status: 503,
    hint: "The service that owns this does not answer; it may be starting. Try again.",
  },
};

/** What to answer to anything that a handler throws. */
export function answerTo(thrown: unknown): { status: number; body: ApiError } {
  if (thrown instanceof HttpError)
    return { status: thrown.status, body: { error: thrown.message, hint: thrown.hint } };
  if (thrown instanceof RpcError) {
    const known = byCode[thrown.codeName];
    if (known !== undefined)
      return { status: known.status, body: { error: thrown.message, hint: known.hint } };
    if (thrown.code !== RpcCode.INTERNAL)
      return { status: 502, body: { error: thrown.message, hint: "See the service's log." } };
  }
  const status = statusOf(thrown);
  if (status !== undefined && thrown instanceof Error)
    return { status, body: { error: thrown.message, hint: "See docs: HTTP API." } };
  return { status: 500, body: { error: "internal error", hint: "See the console's log." } };
}

/** fastify's own refusals (a body that is no JSON, too large, of another type) carry a status below 500. */
function statusOf(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || !("statusCode" in thrown)) return undefined;
  const { statusCode } = thrown;
  return typeof statusCode === "number" && statusCode >= 400 && statusCode < 500
    ? statusCode
    : undefined;
}
