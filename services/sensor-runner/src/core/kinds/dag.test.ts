import { describe, expect, test } from "vitest";
import type { Seen } from "../wait.ts";
import { badEnds, judgeRun, noRun, onlyEndsMatter, whatOf } from "./dag.ts";
import type { DagConfig, FoundRun, FoundTask } from "./dag.ts";

const config: DagConfig = {
  dag: "costs",
  task: undefined,
  which: { by: "time", fromMs: 0, untilMs: 1, text: "2026-01-02 (America/Bogota)" },
  allowed: ["succeeded"],
  failed: ["failed", "cancelled"],
  skipped: [],
};
const run: FoundRun = {
  runId: "run-1",
  key: "2026-01-02",
  logicalMs: Date.parse("2026-01-02T05:00:00Z"),
  state: "succeeded",
  reason: "",
};
const ofTask: DagConfig = {
  ...config,
  task: "mail",
  failed: badEnds("task", { allowed: ["succeeded"], skipped: [] }),
};
const task: FoundTask = { state: "succeeded", output: { mails: 3 }, reason: "" };

test("which ends are bad, unless they are wanted or skip", () => {
  expect(badEnds("run", { allowed: ["succeeded"], skipped: [] })).toEqual(["failed", "cancelled"]);
  expect(badEnds("run", { allowed: ["failed"], skipped: ["cancelled"] })).toEqual([]);
  expect(badEnds("task", { allowed: ["succeeded"], skipped: ["removed"] })).toEqual([
    "failed",
    "upstream_failed",
    "cancelled",
  ]);
});

test("what need be heard of", () => {
  expect(onlyEndsMatter(config)).toBe(true);
  expect(onlyEndsMatter(ofTask)).toBe(false);
  expect(onlyEndsMatter({ ...config, allowed: ["running"] })).toBe(false);
});

test("what is waited for, in words", () => {
  expect(whatOf(config)).toBe("costs of 2026-01-02 (America/Bogota) to be succeeded");
  expect(
    whatOf({ ...ofTask, which: { by: "key", key: "k" }, allowed: ["succeeded", "skipped"] }),
  ).toBe('task mail of costs of key "k" to be succeeded or skipped');
});

describe("no run yet", () => {
  test("says which is the newest, so that a wrong date is seen at once", () => {
    expect(noRun(config, { ...run, key: "2026-01-01", state: "running" })).toMatchObject({
      is: "not_yet",
      note:
        "costs has no run of 2026-01-02 (America/Bogota): its newest is of 2026-01-02T05:00:00Z, " +
        'key "2026-01-01", running',
    });
  });

  test("or that there is none at all", () => {
    expect(noRun({ ...config, which: { by: "key", key: "k" } }, undefined)).toMatchObject({
      note: 'costs has no run with key "k": it has none',
    });
  });
});

describe("a run", () => {
  const judge = (change: Partial<FoundRun>, wanted: Partial<DagConfig> = {}): Seen =>
    judgeRun({ ...config, ...wanted }, { ...run, ...change }, undefined);

  test.each<[string, Seen, Seen["is"], string]>([
    ["is as wanted", judge({}), "there", 'run run-1 of costs "2026-01-02" is succeeded'],
    [
      "still runs",
      judge({ state: "running" }),
      "not_yet",
      'run run-1 of costs "2026-01-02" is running',
    ],
    [
      "ended badly",
      judge({ state: "failed", reason: "task mail failed" }),
      "over",
      'run run-1 of costs "2026-01-02" is failed: task mail failed',
    ],
    [
      "ended badly, and somebody may mend it",
      judge({ state: "failed" }, { failed: [] }),
      "not_yet",
      'run run-1 of costs "2026-01-02" is failed',
    ],
    [
      "ended in a way that skips",
      judge({ state: "cancelled" }, { skipped: ["cancelled"] }),
      "skip",
      'run run-1 of costs "2026-01-02" is cancelled',
    ],
  ])("that %s", (_name, seen, is, note) => {
    expect(seen).toMatchObject({ is, note });
  });

  test("leaves which one it was", () => {
    expect(judge({})).toMatchObject({
      output: {
        dag: "costs",
        run_id: "run-1",
        key: "2026-01-02",
        logical_time: "2026-01-02T05:00:00Z",
        state: "succeeded",
      },
    });
  });

  test("that failed is evidence, and may be waited for again", () => {
    expect(judge({ state: "failed" })).toMatchObject({
      class: "upstream",
      permanent: false,
      evidence: { run_id: "run-1", run_state: "failed" },
    });
  });
});

describe("a task", () => {
  test("leaves its output, whatever its run is", () => {
    expect(judgeRun(ofTask, { ...run, state: "running" }, task)).toMatchObject({
      is: "there",
      note: 'task mail of run run-1 of costs "2026-01-02" is succeeded',
      output: { run_id: "run-1", task: "mail", state: "succeeded", output: { mails: 3 } },
    });
  });

  test.each([
    ["waiting", "not_yet"],
    ["retrying", "not_yet"],
    ["upstream_failed", "over"],
    ["skipped", "not_yet"],
  ] as const)("that is %s: %s", (state, is) => {
    expect(judgeRun(ofTask, run, { ...task, state }).is).toBe(is);
  });

  test("that the DAG does not have is a mistake", () => {
    expect(judgeRun(ofTask, run, undefined)).toMatchObject({
      is: "over",
      class: "config",
      permanent: true,
      note: 'run run-1 of costs "2026-01-02" has no task mail',
    });
  });
});
