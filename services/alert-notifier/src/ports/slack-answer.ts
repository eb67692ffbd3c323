// What an error of Slack's client proves.
// Invariant: only what surely was not taken is called away, refused or rate limited; all else is a doubt.
import {
  WebAPIHTTPError,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebAPIRequestError,
} from "@slack/web-api";
import type { SlackAnswer } from "../core/delivery.ts";

/** Slack says of these that something may have been done. */
const DOUBTFUL: ReadonlySet<string> = new Set([
  "fatal_error",
  "internal_error",
  "request_timeout",
  "service_unavailable",
]);
const LIMITED: ReadonlySet<string> = new Set(["ratelimited", "rate_limited"]);
const GONE: ReadonlySet<string> = new Set(["message_not_found", "edit_window_closed"]);
/** Nobody was reached. */
const NOT_REACHED: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);
const RETRY_AFTER_MS = 30_000;
const REASON_LENGTH_MAX = 200;

export function answerOf(thrown: unknown): SlackAnswer {
  if (thrown instanceof WebAPIRateLimitedError)
    return { kind: "rate_limited", retryAfterMs: thrown.retryAfter * 1_000 };
  if (thrown instanceof WebAPIPlatformError) {
    const { error } = thrown.data;
    if (LIMITED.has(error)) return { kind: "rate_limited", retryAfterMs: RETRY_AFTER_MS };
    if (GONE.has(error)) return { kind: "gone" };
    return { kind: DOUBTFUL.has(error) ? "doubt" : "refused", reason: short(error) };
  }
  if (thrown instanceof WebAPIHTTPError) {
    const reason = `Slack answered ${thrown.statusCode}`;
    return thrown.statusCode >= 500 ? { kind: "doubt", reason } : { kind: "refused", reason };
  }
  if (thrown instanceof WebAPIRequestError) {
    const code = codeOf(thrown.original);
    const reason = short(code === undefined ? thrown.original.message : `${code}`);
    return { kind: code !== undefined && NOT_REACHED.has(code) ? "away" : "doubt", reason };
  }
  return {
    kind: "doubt",
    reason: short(thrown instanceof Error ? thrown.message : String(thrown)),
  };
}

/** The system's code, along the chain of causes: fetch wraps what the socket said. */
function codeOf(thrown: unknown): string | undefined {
  let error: unknown = thrown;
  for (let depth = 0; depth < 5 && error instanceof Error; depth++) {
    if ("code" in error && typeof error.code === "string" && /^[A-Z_]+$/.test(error.code))
      return error.code;
    error = error instanceof AggregateError ? error.errors[0] : error.cause;
  }
  return undefined;
}

const short = (text: string): string =>
  text.replaceAll("\u0000", "").slice(0, REASON_LENGTH_MAX).toWellFormed();
