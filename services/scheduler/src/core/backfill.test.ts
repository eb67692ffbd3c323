import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { afterCancel, afterOrder, datesOf, isToEnd, roomOf, turnOf } from "./backfill.ts";
import type {
  BackfillState,
  Clock,
  DateState,
  Existing,
  Order,
  Reprocess,
  RunAtWork,
  Standing,
  Turn,
} from "./backfill.ts";

const DAY = 86_400_000;
/** A due time each midnight, of the day that ends there. */
const daily: Clock = {
  next: (afterMs) => (Math.floor(afterMs / DAY) + 1) * DAY,
  excluded: (dueMs) => (dueMs === 5 * DAY ? "day 5" : undefined),
  start: (dueMs) => ({
    logicalMs: dueMs - DAY,
    intervalStartMs: dueMs - DAY,
    runKey: `day-${dueMs / DAY - 1}`,
  }),
};
const limits = { nowMs: 100 * DAY, datesMax: 50 };
const keys = (clock: Clock, spans: Parameters<typeof datesOf>[1], more = limits) =>
  datesOf(clock, spans, more)?.map(({ runKey, skipped = "" }) => `${runKey}${skipped}`);

describe("datesOf", () => {
  test("goes by what runs are about, both ends included; excluded days are named", () => {
    expect(keys(daily, [{ fromMs: 2 * DAY, toMs: 5 * DAY }])).toEqual([
      "day-2",
      "day-3",
      "day-4the schedule excludes day 5",
      "day-5",
    ]);
  });
  test("single days that overlap are one date each, oldest first", () => {
    const day = (n: number) => ({ fromMs: n * DAY, toMs: (n + 1) * DAY - 1 });
    expect(keys(daily, [day(7), day(2), day(7)])).toEqual(["day-2", "day-7"]);
  });
  test("what is not due yet is the schedule's", () => {
    expect(keys(daily, [{ fromMs: 98 * DAY, toMs: 200 * DAY }])).toEqual(["day-98", "day-99"]);
  });
  test("too many are none", () => {
    expect(keys(daily, [{ fromMs: 0, toMs: 90 * DAY }])).toBeUndefined();
  });
  test("a due time that starts no run says why", () => {
    const clock: Clock = { ...daily, start: () => ({ reason: "no key" }) };
    expect(keys(clock, [{ fromMs: 2 * DAY, toMs: 2 * DAY }])).toEqual(["no key"]);
  });
});

const start = (key: string, rerunOf?: string): Turn => ({ kind: "start", key, rerunOf });
const skip = (reason: string): Turn => ({ kind: "skip", reason, runId: "r" });
const run = (state: Existing["state"]): Existing => ({ runId: "r", state });

test.each<[string, Existing[], Reprocess, Turn]>([
  ["no run", [], "none", start("k")],
  ["no run", [], "all", start("k")],
  ["one at work", [run("open")], "all", skip("its run has not settled")],
  ["a green one", [run("succeeded")], "none", skip("its run succeeded, and reprocess is none")],
  ["a green one", [run("succeeded")], "failed", skip("its run succeeded, and reprocess is failed")],
  ["a green one", [run("succeeded")], "all", start("k~1", "r")],
  ["a red one", [run("failed")], "none", skip("its run failed, and reprocess is none")],
  ["a red one", [run("failed")], "failed", start("k~1", "r")],
  ["a cancelled one", [run("cancelled")], "failed", start("k~1", "r")],
  [
    "a cancelled one",
    [run("cancelled")],
    "none",
    skip("its run was cancelled, and reprocess is none"),
  ],
  [
    "a red one that a rerun mended",
    [run("failed"), run("succeeded")],
    "failed",
    skip("its run succeeded, and reprocess is failed"),
  ],
  ["a red one with a red rerun", [run("failed"), run("failed")], "failed", start("k~2", "r")],
])("a date with %s %j, reprocess %s", (_, existing, reprocess, want) => {
  expect(turnOf("k", existing, reprocess)).toEqual(want);
});

test("a date that ran under the DAG's earlier name has a run; done again, it is the first of the new name", () => {
  const earlier = [run("failed")];
  expect(turnOf("k", [], "none", earlier)).toEqual(skip("its run failed, and reprocess is none"));
  expect(turnOf("k", [], "failed", earlier)).toEqual(start("k", "r"));
  expect(turnOf("k", [run("succeeded")], "failed", earlier)).toMatchObject({ kind: "skip" });
});

const standing = { endsRuns: false, isOver: false };
test.each<[BackfillState, Order["action"], string]>([
  ["running", "pause", "paused"],
  ["running", "resume", "running"],
  ["paused", "resume", "running"],
  ["paused", "cancel", "cancelled"],
  ["cancelled", "resume", "it is cancelled"],
  ["done", "cancel", "it is done"],
])("%s, %s: %s", (state, action, want) => {
  const after = afterOrder({ ...standing, state }, { action, keepRuns: false });
  expect("state" in after ? after.state : after.refused).toBe(want);
});

test.each<[string, Partial<Standing>, boolean, boolean | string]>([
  ["at first, with its runs", { state: "running" }, false, true],
  ["at first, without them", { state: "paused" }, true, false],
  ["again, with the runs that were kept", { state: "cancelled" }, false, true],
  ["again, without them", { state: "cancelled" }, true, "it is cancelled"],
  [
    "again, its runs are asked to end",
    { state: "cancelled", endsRuns: true },
    false,
    "it is cancelled",
  ],
  ["again, when it is over", { state: "cancelled", isOver: true }, false, "it is cancelled"],
])("a cancel %s", (_, now, keepRuns, want) => {
  const after = afterOrder(
    { ...standing, state: "running", ...now },
    { action: "cancel", keepRuns },
  );
  expect("refused" in after ? after.refused : after.endsRuns).toBe(want);
});

const working = { by: "backfill bf-1", isSettled: false, isCancelling: false };
test.each<[string, RunAtWork | undefined, boolean]>([
  ["its own, at work", working, true],
  ["not there yet", undefined, false],
  ["another's that a date joined", { ...working, by: "schedule" }, false],
  ["settled", { ...working, isSettled: true }, false],
  ["on its way to its end", { ...working, isCancelling: true }, false],
])("a run of a cancelled backfill, %s: is it asked to end? %#", (_, run, want) => {
  expect(isToEnd(run, "backfill bf-1")).toBe(want);
});

test.each<[DateState, boolean, boolean, DateState]>([
  ["waiting", false, false, "abandoned"],
  ["waiting", false, true, "abandoned"],
  ["starting", false, false, "cancelled"],
  ["running", false, false, "cancelled"],
  ["running", false, true, "running"],
  ["running", true, false, "running"],
])(
  "a cancel makes of a date that is %s (joined %s, runs kept %s): %s",
  (state, isJoined, keep, want) => {
    expect(afterCancel({ state, isJoined }, keep).state).toBe(want);
  },
);

const moves = fc.array(
  fc.record({
    what: fc.constantFrom(
      ...["round", "round", "round", "verdict", "verdict", "refusal", "end", "end", "end"],
      ...["pause", "resume", "cancel", "cancel-keeping", "dag-pause", "dag-resume"],
    ),
    pick: fc.nat(20),
    existing: fc.constantFrom<Existing["state"] | undefined>(
      undefined,
      undefined,
      "open",
      "failed",
    ),
  }),
  { maxLength: 80 },
);

/** The rows as the store keeps them: each transition is from the state that it believes in. */
class World {
  state: BackfillState = "running";
  dagPaused = false;
  endsRuns = false;
  readonly dates: DateState[];
  readonly outcomes: number[];
  readonly maxActive: number;
  constructor(maxActive: number, count: number) {
    this.maxActive = maxActive;
    this.dates = Array.from({ length: count }, () => "waiting");
    this.outcomes = this.dates.map(() => 0);
  }
  active(): number {
    return this.dates.filter((date) => date === "starting" || date === "running").length;
  }
  set(index: number, state: DateState): void {
    this.dates[index] = state;
    if (!["waiting", "starting", "running"].includes(state))
      this.outcomes[index] = (this.outcomes[index] ?? 0) + 1;
  }
  pick(states: readonly DateState[], pick: number): number | undefined {
    const found = this.dates.flatMap((date, index) => (states.includes(date) ? [index] : []));
    return found[pick % Math.max(1, found.length)];
  }
  round(existing: Existing["state"] | undefined): number[] {
    const begun: number[] = [];
    for (;;) {
      const index = this.dates.indexOf("waiting");
      const room = roomOf({ ...this, active: this.active() }, this.dagPaused);
      if (index < 0 || room === 0) return begun;
      const turn = turnOf("k", existing === undefined ? [] : [run(existing)], "failed");
      this.set(index, turn.kind === "skip" ? "skipped" : "starting");
      begun.push(index);
    }
  }
  act(what: string, pick: number, existing: Existing["state"] | undefined): number[] {
    if (what === "round") return this.round(existing);
    if (what === "dag-pause" || what === "dag-resume") this.dagPaused = what === "dag-pause";
    const action = what === "cancel-keeping" ? "cancel" : what;
    if (action === "pause" || action === "resume" || action === "cancel") {
      const now = { state: this.state, endsRuns: this.endsRuns, isOver: false };
      const after = afterOrder(now, { action, keepRuns: what !== action });
      if ("state" in after) [this.state, this.endsRuns] = [after.state, after.endsRuns];
      if (this.state === "cancelled")
        for (const [index, date] of this.dates.entries())
          if (date === "waiting") this.set(index, "abandoned");
    }
    if (what === "end-runs" && this.endsRuns)
      for (const [index, date] of this.dates.entries())
        if (date === "running") this.set(index, "cancelled");
    const starting = this.pick(["starting"], pick);
    if (what === "verdict" && starting !== undefined) this.set(starting, "running");
    if (what === "refusal" && starting !== undefined) this.set(starting, "refused");
    const ending = this.pick(["starting", "running"], pick);
    if (what === "end" && ending !== undefined) this.set(ending, "failed");
    return [];
  }
}

test("F5. cancelled with its runs, none is at work once those that were asked for are there", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3 }), fc.nat(10), moves, (max, count, list) => {
      const world = new World(max, count);
      for (const { what, pick, existing } of list) world.act(what, pick, existing);
      world.act("cancel", 0, undefined);
      for (let n = 0; n <= max; n++)
        for (const what of ["round", "verdict", "end-runs"]) world.act(what, 0, undefined);
      expect(world.active()).toBe(0);
      expect(world.outcomes).toEqual(world.dates.map(() => 1));
    }),
  );
});

test("F1. to F4. one outcome per date, in order, never above max_active, nothing while paused or after a cancel", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3 }), fc.nat(10), moves, (max, count, list) => {
      const world = new World(max, count);
      let last = -1;
      for (const { what, pick, existing } of list) {
        const { state, dagPaused } = world;
        const begun = world.act(what, pick, existing);
        if (state !== "running" || dagPaused) expect(begun).toEqual([]);
        for (const index of begun) expect(index).toBe((last += 1));
        expect(world.active()).toBeLessThanOrEqual(max);
      }
      world.act("dag-resume", 0, undefined);
      world.act("resume", 0, undefined);
      for (let n = 0; n < 2 * count + 2; n++)
        for (const what of ["round", "end"]) world.act(what, 0, undefined);
      expect(world.outcomes).toEqual(world.dates.map(() => 1));
    }),
  );
});
