// Two jobs for one attempt, as answers and lists may cross.
import { attemptIdOf } from "@chasqui/contracts";
import type { JobReports } from "@chasqui/runner";
import { quietLog } from "@chasqui/runner/testing";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { parseJobConfig } from "./config.ts";
import type { JobFacts, JobState } from "./core/job.ts";
import { customJob } from "./core/spec.ts";
import { JobWatch } from "./job-watch.ts";
import { WITH } from "./testing.ts";
import { jobFacts } from "./translate.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const POLL_MS = 20;
const key = { runId: "run-1", taskId: "train", mapIndex: -1, attempt: 1 };

function factsOf(id: string, createdMs: number, state: JobState): JobFacts {
  const job = customJob({
    ...key,
    attemptId: attemptIdOf(key),
    dagId: "tests",
    environment: "local",
    logicalTime: "2026-01-02T00:00:00Z",
    traceparent: undefined,
    childTraceparent: undefined,
    timeoutMs: undefined,
    config: parseJobConfig(WITH),
  });
  const name = `projects/p/locations/us-central1/customJobs/${id}`;
  const facts = jobFacts({ ...job, name, state: `JOB_STATE_${state}` });
  if (facts === undefined) throw new Error("not a job");
  return { ...facts, createdMs };
}

function setup() {
  const asked: { name: string; answer: (job: JobFacts) => void }[] = [];
  const cancelled: string[] = [];
  const said: string[] = [];
  const idOf = (name = ""): string => name.split("/").at(-1) ?? "";
  const reports: Pick<JobReports, "running" | "outcome"> = {
    running: async (_ref, { link = "" }) => void said.push(`running ${link.split("/").at(-2)}`),
    outcome: async (_ref, { state }) => void said.push(state),
  };
  const watch = new JobWatch(
    {
      vertex: {
        places: [],
        get: (name) => new Promise((answer) => void asked.push({ name: idOf(name), answer })),
        cancel: async (name) => void cancelled.push(idOf(name)),
        create: unused,
        find: unused,
        close: unused,
      },
      poll: { delayMs: POLL_MS, delayMsMax: 100 },
      now: Date.now,
      log: quietLog,
    },
    { ...reports, log: unused, traceparentOf: unused },
  );
  return { watch, asked, cancelled, said };
}

function unused(): never {
  throw new Error("nobody asks this here");
}

test("W2: an answer about the younger of two jobs that comes late is not listened to", async () => {
  const { watch, asked, cancelled, said } = setup();
  watch.take(factsOf("2", 2_000, "PENDING"), { found: false });
  await vi.advanceTimersByTimeAsync(2 * POLL_MS);
  expect(asked.map(({ name }) => name)).toEqual(["2"]);
  watch.take(factsOf("1", 1_000, "PENDING"), { found: true });
  expect(cancelled).toEqual(["2"]);
  asked[0]?.answer(factsOf("2", 2_000, "CANCELLED"));
  await vi.advanceTimersByTimeAsync(2 * POLL_MS);
  expect(asked.map(({ name }) => name)).toEqual(["2", "1"]);
  asked[1]?.answer(factsOf("1", 1_000, "RUNNING"));
  await vi.advanceTimersByTimeAsync(0);
  expect(said).toEqual(["running 1"]);
  await watch.stop(0);
});

test.each([
  ["the first taken", ["1", "2"]],
  ["the second taken", ["2", "1"]],
])("W2: of two jobs of one millisecond all replicas keep the same one, here %s", (_which, ids) => {
  const { watch, cancelled } = setup();
  for (const id of ids) watch.take(factsOf(id, 1_000, "RUNNING"), { found: true });
  expect(cancelled).toEqual(["2"]);
  expect(watch.jobOf(attemptIdOf(key))?.name).toMatch(/\/1$/);
  void watch.stop(0);
});
