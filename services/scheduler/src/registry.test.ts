// What ten thousand schedules take in this process's head.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { createRegistry } from "./registry.ts";
import type { StoredDag } from "./store/schedules.ts";

const COUNT = 10_000;
const BYTES_MAX = 40_000_000; // 28 MB when this was written
const nowMs = Date.parse("2026-10-06T12:00:00Z");

const dagOf = (index: number): StoredDag => ({
  ...{ dagId: `dag-${index}`, revision: 1, version: 1, appliedMs: nowMs, handledMs: nowMs },
  ...{ paused: false, pausedMs: undefined, retired: false, was: [], dynamicMs: undefined },
  timezone: "America/Bogota",
  timing: {
    ...{ timezone: "America/Bogota", dates: [], excludes: [] },
    crons: [`${index % 60} ${Math.floor(index / 60) % 24} * * *`],
  },
  ...{ policy: { catchup: "latest", runsFor: "tick" }, rules: [], params: undefined },
});

test("ten thousand schedules that have ticked take less than 40 MB, and a round looks at those that are due", async () => {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  const usedBytes = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const problems: string[] = [];
  const registry = createRegistry({ vars: {}, onProblem: (_, problem) => problems.push(problem) });
  registry.put(dagOf(0)); // what is loaded with the first one is not a schedule's
  const before = usedBytes();
  for (let index = 0; index < COUNT; index++) registry.put(dagOf(index));
  for (const known of registry.all()) await known.starts();
  expect(usedBytes() - before).toBeLessThan(BYTES_MAX);
  expect(problems).toEqual([]);
  const first = registry.wakeMs() ?? 0;
  const due = registry.due(first);
  expect(due.length).toBeGreaterThan(0);
  expect(due.length).toBeLessThan(COUNT / 100);
  for (const known of due) known.handled(first);
  expect(registry.wakeMs()).toBeGreaterThan(first);
});
