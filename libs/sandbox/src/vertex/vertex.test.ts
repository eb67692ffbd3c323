// The Vertex stand-in through the real client.
import type { JobServiceClient as Client } from "@google-cloud/aiplatform/build/src/v1/job_service_client.js";
import { credentials } from "@grpc/grpc-js";
import { createRequire } from "node:module";
import { afterAll, beforeAll, expect, test } from "vitest";
import { listAt, textAt } from "../web/json.ts";
import { parseFilter } from "./filter.ts";
import { startVertex } from "./server.ts";
import type { VertexStandIn } from "./server.ts";

const parent = "projects/p/locations/us-central1";
let vertex: VertexStandIn;
let client: Client;

beforeAll(async () => {
  process.env["METADATA_SERVER_DETECTION"] = "none"; // else the client asks the cloud who it is
  vertex = await startVertex({ port: 0 });
  const require = createRequire(import.meta.url);
  const { JobServiceClient } =
    require("@google-cloud/aiplatform/build/src/v1/job_service_client.js") as {
      JobServiceClient: typeof Client;
    };
  client = new JobServiceClient({
    apiEndpoint: "127.0.0.1",
    port: vertex.port,
    sslCreds: credentials.createInsecure(),
    projectId: "p",
  });
});

afterAll(async () => {
  await client.close();
  await vertex.stop();
});

function jobOf(labels: Record<string, string>, displayName = "train") {
  const machineSpec = { machineType: "n1-standard-4" };
  const containerSpec = { imageUri: "registry.example/train:1" };
  return { displayName, labels, jobSpec: { workerPoolSpecs: [{ machineSpec, containerSpec }] } };
}

async function settled(name: string) {
  const final = /SUCCEEDED|FAILED|CANCELLED|EXPIRED/;
  const get = async () => (await client.getCustomJob({ name }))[0];
  await expect.poll(async () => String((await get()).state)).toMatch(final);
  return get();
}

test("a job goes from queued to succeeded", async () => {
  const customJob = jobOf({ "sandbox-ms": "10" });
  const [job] = await client.createCustomJob({ parent, customJob });
  expect(job.state).toBe("JOB_STATE_QUEUED");
  const done = await settled(job.name ?? "");
  expect(done).toMatchObject({ state: "JOB_STATE_SUCCEEDED", displayName: "train" });
  expect(Number(done.endTime?.seconds)).toBeGreaterThanOrEqual(Number(done.startTime?.seconds));
});

test.each([
  ["fail-quota", "JOB_STATE_FAILED", 8, /quota metrics exceed/],
  ["fail", "JOB_STATE_FAILED", 3, /non-zero status of 1/],
  ["fail-oom", "JOB_STATE_FAILED", 3, /out-of-memory/],
  ["fail-infra", "JOB_STATE_FAILED", 13, /Internal error/],
])("the label sandbox-outcome: %s", async (outcome, state, code, message) => {
  const customJob = jobOf({ "sandbox-outcome": outcome, "sandbox-ms": "10" });
  const [job] = await client.createCustomJob({ parent, customJob });
  const done = await settled(job.name ?? "");
  expect(done.state).toBe(state);
  expect(done.error?.code).toBe(code);
  expect(done.error?.message).toMatch(message);
});

test("a job that hangs ends by cancel; a cancel after the end changes nothing", async () => {
  const [job] = await client.createCustomJob({
    parent,
    customJob: jobOf({ "sandbox-outcome": "hang" }),
  });
  const name = job.name ?? "";
  await expect
    .poll(async () => (await client.getCustomJob({ name }))[0].state)
    .toBe("JOB_STATE_RUNNING");
  await client.cancelCustomJob({ name });
  expect((await settled(name)).state).toBe("JOB_STATE_CANCELLED");
  const [quick] = await client.createCustomJob({ parent, customJob: jobOf({ "sandbox-ms": "1" }) });
  await settled(quick.name ?? "");
  await client.cancelCustomJob({ name: quick.name ?? "" });
  expect((await settled(quick.name ?? "")).state).toBe("JOB_STATE_SUCCEEDED");
});

test("jobs are found by their labels, over pages", async () => {
  for (const attempt of ["1", "2", "3"]) {
    const customJob = jobOf({ run: "run-x", attempt, "sandbox-ms": "1" });
    await client.createCustomJob({ parent, customJob });
  }
  const found: string[] = [];
  for await (const job of client.listCustomJobsAsync({ parent, filter: "labels.run=run-x" })) {
    found.push(job.labels?.["attempt"] ?? "");
  }
  expect(found).toEqual(["3", "2", "1"]);
  const [page, , response] = await client.listCustomJobs(
    { parent, filter: "labels.run=run-x AND NOT labels.attempt=3", pageSize: 1 },
    { autoPaginate: false },
  );
  expect(page).toHaveLength(1);
  expect(response.nextPageToken).not.toBe("");
  const elsewhere = client.listCustomJobs({ parent: "projects/other/locations/l" });
  expect((await elsewhere)[0]).toEqual([]);
});

test("what is wrong is said by field", async () => {
  const nameless = client.createCustomJob({ parent, customJob: jobOf({}, "") });
  await expect(nameless).rejects.toMatchObject({ code: 3, details: /display_name/ });
  const label = client.createCustomJob({ parent, customJob: jobOf({ run: "Run X" }) });
  await expect(label).rejects.toMatchObject({ code: 3, details: /custom_job.labels/ });
  const unknown = client.getCustomJob({ name: `${parent}/customJobs/404` });
  await expect(unknown).rejects.toMatchObject({ code: 5, details: /does not exist/ });
});

test("an answer that is lost after the work leaves a job to be found", async () => {
  vertex.fault({ method: "createCustomJob", code: 14, afterWork: true });
  const customJob = jobOf({ lost: "yes", "sandbox-ms": "1" });
  await expect(client.createCustomJob({ parent, customJob })).rejects.toMatchObject({ code: 14 });
  const [found] = await client.listCustomJobs({ parent, filter: "labels.lost=yes" });
  expect(found).toHaveLength(1);
  const codes = vertex
    .requests()
    .filter(({ method }) => method === "createCustomJob")
    .map(({ code }) => code);
  expect(codes.at(-1)).toBe(14);
});

test("a list that lags does not show a fresh job; the HTTP side says what happened", async () => {
  const faults = `${vertex.httpUrl}/sandbox/faults`;
  await fetch(faults, { method: "POST", body: JSON.stringify({ listLagMs: 60_000 }) });
  await client.createCustomJob({ parent, customJob: jobOf({ fresh: "yes" }) });
  expect((await client.listCustomJobs({ parent, filter: "labels.fresh=yes" }))[0]).toEqual([]);
  await fetch(faults, { method: "DELETE" });
  expect((await client.listCustomJobs({ parent, filter: "labels.fresh=yes" }))[0]).toHaveLength(1);
  const logged: unknown = await (await fetch(`${vertex.httpUrl}/sandbox/requests`)).json();
  expect(textAt(listAt(logged, "requests").at(-1), "method")).toBe("listCustomJobs");
});

test("a taken port is named", async () => {
  await expect(startVertex({ port: vertex.port })).rejects.toThrow(
    `port ${vertex.port} for Vertex AI is taken`,
  );
});

const item = {
  displayName: "train-1",
  state: "JOB_STATE_RUNNING",
  createMs: Date.parse("2026-01-02T00:00:00Z"),
  labels: { run: "run-1", a: "" },
};

test.each([
  ['state="JOB_STATE_RUNNING"', true],
  ['state!="JOB_STATE_RUNNING"', false],
  ["labels.run=run-1 AND labels.a:*", true],
  ["labels.run=run-2 OR labels.b:* OR display_name:train*", true],
  ["labels.run=run-2 OR labels.run=run-1 AND labels.b:*", false],
  ['NOT display_name="train-1"', false],
  ['create_time>"2026-01-01T00:00:00Z" AND create_time<="2026-01-02T00:00:00Z"', true],
  ["", true],
])("filter %s", (filter, holds) => {
  expect(parseFilter(filter)(item)).toBe(holds);
});

test.each(["labels.a=b labels.c=d", "colour=red", "state>x", "(state=x)", 'create_time>"then"'])(
  "filter %s is refused",
  (filter) => {
    expect(() => parseFilter(filter)).toThrow(/Invalid filter/);
  },
);
