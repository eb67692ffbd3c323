// Attempts as custom jobs: Google's own client against the stand-in.
import { AttemptState, FailureClass } from "@chasqui/contracts";
import { refOf } from "@chasqui/runner/testing";
import { describe, expect, test } from "vitest";
import { parseJobConfig } from "./config.ts";
import { customJob } from "./core/spec.ts";
import { KIND } from "./job-kind.ts";
import { WITH, startTestRunner } from "./testing.ts";

const { attemptId, runId } = refOf({});
const UNAVAILABLE = 14;

describe("a job", () => {
  test("that succeeds: accepted with its page, running, succeeded with its name", async () => {
    await using t = await startTestRunner();
    await t.replica();
    expect(await t.assign({ outcome: "hang" }, { timeoutMs: 3_600_000 })).toBe("acked");
    await t.bus.updatesStored(2);
    t.google.finish(t.google.jobs()[0]?.name ?? "");
    const outcome = await t.outcome();
    expect(t.bus.updates.map(({ state }) => state)).toEqual([
      AttemptState.ACCEPTED,
      AttemptState.RUNNING,
      AttemptState.SUCCEEDED,
    ]);
    const [job] = t.google.jobs();
    expect(job?.labels).toMatchObject({ chasqui_run: runId, chasqui_attempt: attemptId });
    expect(JSON.stringify(job?.jobSpec)).toContain('"timeout":{"seconds":"3600"');
    expect(JSON.parse(outcome.outputJson)).toEqual({ job: job?.name, state: "SUCCEEDED" });
    const id = job?.name.split("/").at(-1);
    expect(outcome.link).toBe(
      `https://console.cloud.google.com/vertex-ai/locations/us-central1/training/${id}/cpu?project=p`,
    );
    expect(outcome.startedMs).toBeGreaterThan(0);
    expect(outcome.endedMs).toBeGreaterThanOrEqual(outcome.startedMs);
  });

  test.each([
    ["fail", FailureClass.CODE, false],
    ["fail-oom", FailureClass.OUT_OF_MEMORY, false],
    ["fail-quota", FailureClass.QUOTA, true],
    ["fail-infra", FailureClass.INFRA, false],
    ["expire", FailureClass.TIMEOUT, false],
  ] as const)("that ends by %s", async (outcome, failureClass, neverStarted) => {
    await using t = await startTestRunner();
    await t.replica();
    await t.assign({ outcome });
    const { failure } = await t.outcome();
    expect(failure).toMatchObject({ class: failureClass, neverStarted });
    expect(failure?.evidence).toMatchObject({ job: t.google.jobs()[0]?.name });
  });

  test("that somebody cancels in the cloud console", async () => {
    await using t = await startTestRunner();
    await t.replica();
    await t.assign({ outcome: "cancel" });
    expect(await t.outcome()).toMatchObject({ state: AttemptState.CANCELLED });
  });

  test("in another region of its connection", async () => {
    await using t = await startTestRunner();
    await t.replica();
    await t.assign({}, { with: { region: "us-east1" } });
    expect(await t.outcome()).toMatchObject({ state: AttemptState.SUCCEEDED });
    expect(t.google.jobs()[0]?.name).toContain("/locations/us-east1/");
  });
});

describe("what Vertex AI, or we, refuse", () => {
  test.each([
    [{ machine_type: "N1" }, /`machine_type` is "N1": want a machine type/],
    [{ region: "europe-west1" }, /region "europe-west1": want one of us-central1, us-east1/],
    [{ connection: "gpu" }, /connection "gpu": want a connection of type vertex: vertex/],
    [
      { accelerator: { type: "NVIDIA_TESLA_T5" } },
      /accelerator type "NVIDIA_TESLA_T5": want one of/,
    ],
    [
      { labels: { "sandbox-outcome": "nonsense" } },
      /^Vertex AI refuses the job: label sandbox-outcome/,
    ],
  ])("%j", async (more, message) => {
    await using t = await startTestRunner();
    await t.replica();
    expect(await t.assign({}, { with: more })).toBe("acked");
    const { failure } = await t.outcome();
    expect(failure).toMatchObject({ class: FailureClass.CONFIG, neverStarted: true });
    expect(failure?.message).toMatch(message);
    expect(t.google.jobs()).toEqual([]);
  });
});

describe("submitting", () => {
  test("an answer that is lost: the job is found, not made twice", async () => {
    await using t = await startTestRunner();
    await t.replica();
    t.google.fault({ method: "createCustomJob", code: UNAVAILABLE, afterWork: true });
    expect(await t.assign({})).toBe("acked");
    expect(await t.outcome()).toMatchObject({ state: AttemptState.SUCCEEDED });
    expect(t.google.jobs()).toHaveLength(1);
  });

  test("a service that is away: the assignment is given back", async () => {
    await using t = await startTestRunner();
    await t.replica();
    t.google.fault({ method: "createCustomJob", code: UNAVAILABLE });
    expect(await t.assign({})).toBe("retry in 1000");
    expect(await t.assign({}, { deliveryCount: 2 })).toBe("acked");
    expect(t.google.jobs()).toHaveLength(1);
  });

  test("a delivery after one that died between creating and saying so", async () => {
    await using t = await startTestRunner();
    const first = await t.replica();
    t.bus.answer = () => "failed";
    void t.assign({ ms: 400 }).catch(() => undefined);
    await expect.poll(() => t.google.jobs()).toHaveLength(1);
    await first.kill();
    t.bus.answer = undefined;
    await t.replica();
    expect(await t.assign({ ms: 400 }, { deliveryCount: 2 })).toBe("acked");
    expect(await t.outcome()).toMatchObject({ state: AttemptState.SUCCEEDED });
    expect(t.google.jobs()).toHaveLength(1);
  });

  test("two jobs for one attempt all the same: the older one counts, the other is cancelled", async () => {
    await using t = await startTestRunner();
    const { runner } = await t.replica();
    await t.assign({ outcome: "hang" });
    const [place] = t.vertex.places;
    if (place === undefined) throw new Error("no place");
    const twin = customJob({
      ...refOf({}),
      dagId: "tests",
      environment: "local",
      logicalTime: "2026-01-02T00:00:00Z",
      childTraceparent: undefined,
      timeoutMs: undefined,
      config: parseJobConfig({ ...WITH, labels: { "sandbox-outcome": "hang" } }),
    });
    await t.vertex.create(place, twin);
    await runner.sweep();
    const stateOf = (index: number) => t.google.jobs()[index]?.state;
    await expect.poll(() => stateOf(1)).toBe("JOB_STATE_CANCELLED");
    await expect.poll(() => stateOf(0)).toBe("JOB_STATE_RUNNING");
  });
});

describe("cancel", () => {
  test("is reported when the job has ended", async () => {
    await using t = await startTestRunner();
    await t.replica();
    await t.assign({ outcome: "hang" });
    t.bus.cancel(KIND, refOf({}));
    expect(await t.outcome()).toMatchObject({ state: AttemptState.CANCELLED });
    expect(t.google.jobs()[0]?.state).toBe("JOB_STATE_CANCELLED");
  });

  test("of an attempt without a job is answered", async () => {
    await using t = await startTestRunner();
    await t.replica();
    t.bus.cancel(KIND, refOf({}));
    expect(await t.outcome()).toMatchObject({ state: AttemptState.CANCELLED });
  });

  test("of a job that has ended says its end again", async () => {
    await using t = await startTestRunner();
    await t.replica();
    await t.assign({ ms: 0 });
    await t.outcome();
    const asked = t.bus.publishes.length;
    t.bus.cancel(KIND, refOf({}));
    await expect.poll(() => t.bus.publishes.length).toBeGreaterThan(asked);
    expect(t.bus.updates.at(-1)?.state).toBe(AttemptState.SUCCEEDED);
  });
});

describe("a replica that dies", () => {
  test("leaves its jobs to the next one, which finds them by label", async () => {
    await using t = await startTestRunner();
    const first = await t.replica();
    await t.assign({ ms: 400 });
    await first.kill();
    await t.replica();
    expect(await t.outcome()).toMatchObject({ state: AttemptState.SUCCEEDED });
    expect(t.google.jobs()).toHaveLength(1);
  });

  test("before it could report an end: the next one asks, and reports it", async () => {
    await using t = await startTestRunner();
    const first = await t.replica();
    await t.assign({ ms: 100 });
    await first.kill();
    await expect.poll(() => t.google.jobs()[0]?.state).toBe("JOB_STATE_SUCCEEDED");
    const { runner } = await t.replica();
    await runner.sweep();
    expect(await t.outcome()).toMatchObject({ state: AttemptState.SUCCEEDED });
  });

  test("ended jobs of settled attempts are not reported again", async () => {
    await using t = await startTestRunner();
    const first = await t.replica();
    await t.assign({ ms: 0 });
    await t.outcome();
    await first.kill();
    t.wanted = () => false;
    const { runner } = await t.replica();
    const said = t.bus.publishes.length;
    await runner.sweep();
    await runner.sweep();
    expect(t.bus.publishes).toHaveLength(said);
    expect(t.bus.inventories.at(-1)?.attemptIds).toEqual([]);
  });
});

test("a job of an attempt that nobody wants is cancelled", async () => {
  await using t = await startTestRunner();
  const { runner } = await t.replica();
  await t.assign({ outcome: "hang" });
  t.wanted = () => false;
  t.laterMs = 20_000;
  await runner.sweep();
  await expect.poll(() => t.google.jobs()[0]?.state).toBe("JOB_STATE_CANCELLED");
});

test("calls that fail now and then delay, and lose nothing", async () => {
  await using t = await startTestRunner();
  await t.replica();
  t.google.fault({ method: "getCustomJob", code: UNAVAILABLE, times: 3 });
  await t.assign({});
  expect(await t.outcome()).toMatchObject({ state: AttemptState.SUCCEEDED });
});
