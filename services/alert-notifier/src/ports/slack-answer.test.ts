// What errors of Slack's client prove: only what surely was not taken may be posted again without a look.
import {
  WebAPIHTTPError,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebAPIRequestError,
} from "@slack/web-api";
import { expect, test } from "vitest";
import { answerOf } from "./slack-answer.ts";

const platform = (error: string) =>
  new WebAPIPlatformError({ ok: false, error, response_metadata: {} });
const request = (code: string | undefined, message = "fetch failed") => {
  const cause = Object.assign(new Error("socket"), code === undefined ? {} : { code });
  return new WebAPIRequestError(new TypeError(message, { cause }));
};

test.each([
  ["429", new WebAPIRateLimitedError(30), { kind: "rate_limited", retryAfterMs: 30_000 }],
  ["ratelimited", platform("ratelimited"), { kind: "rate_limited", retryAfterMs: 30_000 }],
  ["not in channel", platform("not_in_channel"), { kind: "refused", reason: "not_in_channel" }],
  ["deleted", platform("message_not_found"), { kind: "gone" }],
  ["fatal_error", platform("fatal_error"), { kind: "doubt", reason: "fatal_error" }],
  ["503", new WebAPIHTTPError(503, "", {}), { kind: "doubt", reason: "Slack answered 503" }],
  ["404", new WebAPIHTTPError(404, "", {}), { kind: "refused", reason: "Slack answered 404" }],
  ["refused", request("ECONNREFUSED"), { kind: "away", reason: "ECONNREFUSED" }],
  ["no name", request("ENOTFOUND"), { kind: "away", reason: "ENOTFOUND" }],
  ["reset", request("ECONNRESET"), { kind: "doubt", reason: "ECONNRESET" }],
  ["time-out", request(undefined, "timed out"), { kind: "doubt", reason: "timed out" }],
  ["a surprise", new Error("what?"), { kind: "doubt", reason: "what?" }],
])("%s", (_name, thrown, answer) => {
  expect(answerOf(thrown)).toEqual(answer);
});
