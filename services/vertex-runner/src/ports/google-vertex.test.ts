import { parseEnvironmentFile } from "@chasqui/chassis";
import { expect, test } from "vitest";
import { endpointOf, filterText } from "./google-vertex.ts";
import { placesOf } from "./places.ts";
import { VertexError } from "./vertex.ts";

test.each([
  [undefined, { host: "us-east1-aiplatform.googleapis.com", port: undefined, plain: false }],
  ["127.0.0.1:8085", { host: "127.0.0.1", port: 8085, plain: true }],
  ["localhost:8085", { host: "localhost", port: 8085, plain: true }],
  ["http://vertex.test:80", { host: "vertex.test", port: 80, plain: true }],
  ["private.example:443", { host: "private.example", port: 443, plain: false }],
  ["https://127.0.0.1:8085/", { host: "127.0.0.1", port: 8085, plain: false }],
])("endpoint %s", (endpoint, want) => {
  expect(endpointOf({ endpoint, location: "us-east1" })).toEqual(want);
});

test("an endpoint that is none", () => {
  expect(() => endpointOf({ endpoint: "a b", location: "x" })).toThrow('"a b": want host:port');
});

test("filters", () => {
  expect(filterText({ labels: { chasqui_run: "run-1" }, createdSinceMs: 0, active: true })).toBe(
    'labels.chasqui_run="run-1" AND create_time>"1970-01-01T00:00:00.000Z" AND state!="JOB_STATE_SUCCEEDED" AND state!="JOB_STATE_FAILED" AND state!="JOB_STATE_CANCELLED" AND state!="JOB_STATE_EXPIRED" AND state!="JOB_STATE_PARTIALLY_SUCCEEDED"',
  );
});

test("places are the connections of type vertex, each with its regions", () => {
  const file = parseEnvironmentFile(
    "/env.yaml",
    `connections:
  vertex: { type: vertex, project: p, location: us-central1, regions: "us-east1, us-central1" }
  gpu: { type: vertex, project: q, location: europe-west4, endpoint: "env:EP" }
  mail: { type: smtp, host: h, from: f }
`,
  );
  expect(placesOf(file, { EP: "127.0.0.1:1" })).toEqual([
    { connection: "vertex", project: "p", location: "us-central1", endpoint: undefined },
    { connection: "vertex", project: "p", location: "us-east1", endpoint: undefined },
    { connection: "gpu", project: "q", location: "europe-west4", endpoint: "127.0.0.1:1" },
  ]);
});

test("errors keep the code and the words of the API", () => {
  const thrown = Object.assign(new Error("5 NOT_FOUND: no job"), { code: 5, details: "no job" });
  expect(VertexError.from(thrown)).toMatchObject({ code: 5, message: "no job", cause: thrown });
  expect(VertexError.from("odd")).toMatchObject({ code: 2, message: "odd" });
});
