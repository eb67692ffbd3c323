import { expect, test } from "vitest";
import { fitted } from "./fit-output.ts";

test("an output within what a task may leave stays as it is", () => {
  const output = { status: 200, body: { ready: true } };
  expect(fitted(output, "body")).toBe(output);
});

test("a larger one becomes the beginning of its text", () => {
  const escaped = fitted({ status: 200, body: "\u0001".repeat(60_000) }, "body");
  expect(Buffer.byteLength(JSON.stringify(escaped))).toBeLessThan(65_536);
  expect(escaped).toMatchObject({ status: 200, cut: true });
  const nested = fitted({ row: { text: "é".repeat(70_000) } }, "row");
  expect(nested).toMatchObject({ cut: true, row: expect.stringMatching(/^\{"text":"é+$/) });
});
