// What looks like a secret, and what does not.
import { expect, test } from "vitest";
import { maskLine } from "./mask-line.ts";

test.each([
  ["postgres://chasqui:hunter2@db:5432/x", "postgres://chasqui:[secret]@db:5432/x"],
  ["Authorization: Bearer abcdefgh12345678", "Authorization: Bearer [secret]"],
  ["token xoxb-123456789-abcdef", "token [secret]"],
  ["key AKIAABCDEFGHIJKLMNOP used", "key [secret] used"],
  ['{"api_key": "s3cr3t", "n": 1}', '{"api_key": "[secret]", "n": 1}'],
  ["PASSWORD=hunter2 host=db", "PASSWORD=[secret] host=db"],
  ["eyJhbGciOiJI.eyJzdWIiOiIx.abc", "[secret]"],
  ["-----BEGIN PRIVATE KEY-----MIIE", "[secret]"],
])("%s", (line, masked) => {
  expect(maskLine(line)).toBe(masked);
});

test.each([
  "reading https://example.com/a:b@c",
  "token bucket is empty",
  "12 of 40 routes, 3 secrets of good logistics",
  "at Object.<anonymous> (/app/aggregate.mjs:12:34)",
])("%s stays", (line) => {
  expect(maskLine(line)).toBe(line);
});
