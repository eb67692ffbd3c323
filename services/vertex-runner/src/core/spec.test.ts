import { builtInKindSchemas } from "@chasqui/contracts";
import { expect, test } from "vitest";
import { jobConfigFields, parseJobConfig } from "../config.ts";
import { jobFacts } from "../translate.ts";
import { nextPollDelay } from "./poll.ts";
import { consoleLink, customJob, labelValue, noteOf } from "./spec.ts";
import type { JobOf } from "./spec.ts";

const of = (config: object = {}, change: Partial<JobOf> = {}): JobOf => ({
  runId: "run-00000000000000000000000000",
  dagId: "forecast",
  taskId: "train",
  mapIndex: -1,
  attempt: 2,
  attemptId: "att-00000000000000000000000000",
  environment: "prod",
  logicalTime: "2026-01-02T00:00:00Z",
  traceparent: "00-a-b-01",
  childTraceparent: "00-a-c-01",
  timeoutMs: 90_500,
  config: parseJobConfig({ image: "train:1", machine_type: "n1-standard-4", ...config }),
  ...change,
});

test("what is announced is what is read", () => {
  const announced = Object.keys(builtInKindSchemas["vertex.custom-job"]?.properties ?? {});
  expect([...jobConfigFields].sort()).toEqual(announced.sort());
});

test("a whole job", () => {
  const config = {
    display_name: "Train",
    command: ["python", "train.py"],
    args: ["--epochs", 3],
    env: { LR: 0.1 },
    accelerator: { type: "NVIDIA_TESLA_T4" },
    replicas: 3,
    labels: { team: "ml" },
    service_account: "trainer@p.iam.gserviceaccount.com",
  };
  expect(customJob(of(config))).toMatchSnapshot();
});

test("S2: the attempt comes back from the job, as the API tells it", () => {
  const job = customJob(of({}, { mapIndex: 4 }));
  const name = "projects/p/locations/l/customJobs/1";
  const facts = jobFacts({ ...job, name, state: "JOB_STATE_RUNNING" });
  expect(facts === undefined ? undefined : noteOf(facts)).toEqual({
    runId: "run-00000000000000000000000000",
    taskId: "train",
    mapIndex: 4,
    attempt: 2,
    attemptId: "att-00000000000000000000000000",
    traceparent: "00-a-b-01",
  });
});

test("S2: a job that only borrowed our labels is nobody's", () => {
  const facts = jobFacts({
    name: "projects/p/locations/l/customJobs/1",
    labels: { chasqui_attempt: "att-00000000000000000000000000" },
  });
  expect(facts).toBeDefined();
  expect(facts === undefined ? undefined : noteOf(facts)).toBeUndefined();
});

test("times come as numbers, texts or Longs; nothing as null", () => {
  const facts = jobFacts({
    name: "x",
    state: "JOB_STATE_SOMETHING_NEW",
    createTime: { seconds: "10", nanos: 500_000_000 },
    startTime: { seconds: { low: 11, high: 0, toString: () => "11" }, nanos: null },
    endTime: null,
    error: null,
  });
  expect(facts).toMatchObject({
    state: "UNKNOWN",
    createdMs: 10_500,
    startedMs: 11_000,
    endedMs: undefined,
    error: undefined,
  });
  expect(jobFacts({})).toBeUndefined();
});

test("labels are Google's: lower case, digits, _ and -", () => {
  expect(labelValue("Daily.Costs_v2")).toBe("daily-costs_v2");
  expect(labelValue("x".repeat(80))).toHaveLength(63);
});

test("a job's page", () => {
  expect(consoleLink("projects/p/locations/us-east1/customJobs/7")).toBe(
    "https://console.cloud.google.com/vertex-ai/locations/us-east1/training/7/cpu?project=p",
  );
  expect(consoleLink("something else")).toBe("");
});

test("polls: soon after a change, then later and later, always soon while cancelling", () => {
  const bounds = { delayMs: 2_000, delayMsMax: 30_000 };
  const delays = [0, 1, 2, 3, 4, 5, 6, 7, 8].reduce<number[]>(
    (known) => [
      ...known,
      nextPollDelay({ state: "RUNNING", changed: false, lastDelayMs: known.at(-1) ?? 0 }, bounds),
    ],
    [],
  );
  expect(delays.map(Math.round)).toEqual([
    3_000, 4_500, 6_750, 10_125, 15_188, 22_781, 30_000, 30_000, 30_000,
  ]);
  const late = { lastDelayMs: 30_000 };
  expect(nextPollDelay({ state: "RUNNING", changed: true, ...late }, bounds)).toBe(2_000);
  expect(nextPollDelay({ state: "CANCELLING", changed: false, ...late }, bounds)).toBe(2_000);
});
