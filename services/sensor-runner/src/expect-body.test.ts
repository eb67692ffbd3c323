import { expect, test } from "vitest";
import type { Answer, Json } from "./core/wait.ts";
import { bodyFits } from "./expect-body.ts";

const answer = (body: Json): Answer => ({
  kind: "response",
  status: 200,
  headers: { etag: "7" },
  body,
  cut: false,
});

test.each([
  [undefined, {}, undefined],
  ["response.body.ready", { ready: true }, true],
  ["response.body.ready", { ready: false }, false],
  ["response.body.routes > 3", { routes: 4 }, true],
  ["response.status == 200 && response.headers.etag == '7'", null, true],
  ["response.body.contains('done')", "all done", true],
])("%s of %j: %s", (expectation, body, fits) => {
  expect(bodyFits(expectation, answer(body))).toBe(fits);
});

test.each([
  ["response.body.ready", {}],
  ["response.body", { ready: true }],
  ["response.", {}],
])("%s of %j cannot be judged, and says why", (expectation, body) => {
  expect(bodyFits(expectation, answer(body))).toMatch(/^(condition|expression) /);
});

test("silence is not judged", () => {
  const silence: Answer = { kind: "silence", message: "nobody" };
  expect(bodyFits("response.body.ready", silence)).toBeUndefined();
});
