import { expect, test } from "vitest";
import type { Json } from "../core/wait.ts";
import { holds } from "./conditions.ts";

const response = (body: Json): Record<string, Json> => ({
  response: { status: 200, headers: { etag: "7" }, body },
});

test.each([
  [undefined, {}, undefined],
  ["response.body.ready", { ready: true }, true],
  ["response.body.ready", { ready: false }, false],
  ["response.body.routes > 3", { routes: 4 }, true],
  ["response.status == 200 && response.headers.etag == '7'", null, true],
  ["response.body.contains('done')", "all done", true],
])("%s of %j: %s", (condition, body, held) => {
  expect(holds(condition, response(body))).toBe(held);
});

test.each([
  ["response.body.ready", {}],
  ["response.body", { ready: true }],
  ["response.", {}],
])("%s of %j cannot be judged, and says why", (condition, body) => {
  expect(holds(condition, response(body))).toMatch(/^(condition|expression) /);
});
