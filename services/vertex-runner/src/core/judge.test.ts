import { describe, expect, test } from "vitest";
import { CODE, failingOf, isFinal, isUncertain, judge, refusalOf } from "./judge.ts";
import { jobStates } from "./job.ts";
import type { JobFacts, JobState } from "./job.ts";

const job = (change: Partial<JobFacts>): JobFacts => ({
  name: "projects/p/locations/l/customJobs/1",
  state: "RUNNING",
  labels: {},
  env: {},
  createdMs: 1,
  startedMs: 2,
  endedMs: undefined,
  error: undefined,
  ...change,
});

test("every state", () => {
  const states: JobState[] = [...jobStates, "UNKNOWN"];
  const table = states.map((state) => {
    const verdict = judge(job({ state }));
    const shown =
      verdict.is === "failed" ? `${verdict.failing.class}: ${verdict.failing.message}` : verdict.is;
    return `${state}${isFinal(state) ? " (final)" : ""}: ${shown}`;
  });
  expect(table).toEqual([
    "QUEUED: waiting",
    "PENDING: waiting",
    "RUNNING: running",
    "SUCCEEDED (final): succeeded",
    "FAILED (final): unknown: the job failed, and Vertex AI does not say why",
    "CANCELLING: cancelling",
    "CANCELLED (final): cancelled",
    "PAUSED: running",
    "EXPIRED (final): timeout: the job took longer than its timeout and expired",
    "UPDATING: running",
    "PARTIALLY_SUCCEEDED (final): code: the job succeeded only in part, which is not success",
    "UNKNOWN: running",
  ]);
});

test("what never had a start time never started", () => {
  const failed = { state: "FAILED", error: { code: 8, message: "quota" } } as const;
  expect(judge(job({ ...failed, startedMs: undefined }))).toMatchObject({
    failing: { neverStarted: true },
  });
  expect(judge(job(failed))).toMatchObject({ failing: { neverStarted: false } });
});

describe("the class of an error", () => {
  test("every code", () => {
    const table = Object.entries(CODE).map(([name, code]) => {
      const uncertain = isUncertain(code) ? ", uncertain" : "";
      const refused = refusalOf({ code, message: "x" }) === undefined ? "" : ", refused";
      return `${name}: ${failingOf({ code, message: "x" }).class}${refused}${uncertain}`;
    });
    expect(table).toEqual([
      "CANCELLED: infra, uncertain",
      "UNKNOWN: unknown, uncertain",
      "INVALID_ARGUMENT: config, refused",
      "DEADLINE_EXCEEDED: timeout, uncertain",
      "NOT_FOUND: config, refused",
      "ALREADY_EXISTS: unknown",
      "PERMISSION_DENIED: config, refused",
      "RESOURCE_EXHAUSTED: quota, refused",
      "FAILED_PRECONDITION: config, refused",
      "ABORTED: infra, uncertain",
      "OUT_OF_RANGE: config, refused",
      "UNIMPLEMENTED: config, refused",
      "INTERNAL: infra, uncertain",
      "UNAVAILABLE: infra, uncertain",
      "DATA_LOSS: infra, uncertain",
      "UNAUTHENTICATED: config",
    ]);
  });

  test.each([
    ["The replica workerpool0-0 exited with a non-zero status of 1.", "code"],
    [
      "The replica workerpool0-0 ran out-of-memory and exited with a non-zero status of 137",
      "out_of_memory",
    ],
    ["The zone does not have enough resources available to fulfill the request.", "quota"],
    ["Failed to pull image europe-docker.pkg.dev/x/y: not found", "image"],
    ["machine_type is not supported", "config"],
  ])("%s: %s", (message, failureClass) => {
    expect(failingOf({ code: CODE.INVALID_ARGUMENT, message }).class).toBe(failureClass);
  });
});
