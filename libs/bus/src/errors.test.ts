// Words for headers and logs.
import { expect, test } from "vitest";
import { oneLine, reasonOf, RetryError } from "./errors.ts";

test.each([
  ["plain", 100, "plain"],
  [" two\r\nlines\tand a tab\u2028end ", 100, "two lines and a tab end"],
  ["abcdefgh", 8, "abcdefgh"],
  ["abcdefghi", 8, "abcde…"],
  ["ñññññ", 8, "ññ…"], // never half a character
  ["", 8, ""],
])("%j in %d bytes is %j", (text, bytesMax, line) => {
  expect(oneLine(text, bytesMax)).toBe(line);
  expect(Buffer.byteLength(oneLine(text, bytesMax))).toBeLessThanOrEqual(bytesMax);
});

test("a reason names the error and its causes", () => {
  const cause = new TypeError("inner", { cause: "innermost" });
  expect(reasonOf(new Error("outer", { cause }))).toBe("outer: TypeError: inner: innermost");
  expect(reasonOf(new RetryError("busy", { retryAfterMs: 1 }))).toBe("RetryError: busy");
  expect(reasonOf(undefined)).toBe("thrown without a reason");
  const circle = new Error("a");
  circle.cause = circle;
  expect(reasonOf(circle)).toBe("a: a: a: a: a");
});
