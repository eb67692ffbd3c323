import { expect, test } from "vitest";
import { learn } from "./learn.ts";
import type { DagNews, KnownDag, Learning } from "./learn.ts";
import type { Timing } from "../timing.ts";

const timing: Timing = { crons: ["0 19 * * *"], timezone: "UTC", dates: [], excludes: [] };
const news: DagNews = {
  dagId: "costs",
  version: 3,
  appliedMs: 1_000,
  paused: false,
  retired: false,
  was: [],
  timezone: "UTC",
  timing,
  policy: { catchup: "latest", runsFor: "tick" },
  rules: [],
  params: undefined,
};
const known: KnownDag = { ...news, handledMs: 5_000, pausedMs: undefined, dynamicMs: undefined };
const changed = (learning: Learning): Extract<Learning, { kind: "changed" }> => {
  if (learning.kind !== "changed") throw new Error("nothing was learned");
  return learning;
};

test("L3: a new DAG's due times count from its apply, or from start", () => {
  expect(changed(learn(undefined, news, 9_000)).known.handledMs).toBe(1_000);
  const started = { ...news, timing: { ...timing, startMs: 500 } };
  expect(changed(learn(undefined, started, 9_000)).known.handledMs).toBe(499);
  expect(changed(learn(undefined, { ...news, paused: true }, 9_000)).known.pausedMs).toBe(9_000);
});

test("L1: the same or an older version changes nothing", () => {
  expect(learn(known, news, 9_000)).toEqual({ kind: "nothing" });
  expect(learn(known, { ...news, version: 2, paused: true }, 9_000)).toEqual({ kind: "nothing" });
});

test("a new version with the same timing goes on where the old one was", () => {
  const learned = changed(learn(known, { ...news, version: 4, appliedMs: 8_000 }, 9_000));
  expect(learned.known.handledMs).toBe(5_000);
  expect(learned.closeOldMs).toBeUndefined();
});

test.each<[string, Timing | undefined]>([
  ["another cron", { ...timing, crons: ["0 20 * * *"] }],
  ["one more cron", { ...timing, crons: [...timing.crons, "0 20 * * *"] }],
  ["another zone", { ...timing, timezone: "America/Bogota" }],
  ["another end", { ...timing, endMs: 99_000 }],
  ["an earlier start: the past stays as it is", { ...timing, startMs: 1 }],
  ["none any more", undefined],
])("L2: %s: the old timing ends when the new one was applied", (_, next) => {
  const told = { ...news, version: 4, appliedMs: 8_000, timing: next };
  const learned = changed(learn(known, told, 9_000));
  expect(learned.closeOldMs).toBe(8_000);
  expect(learned.known.handledMs).toBe(8_000);
});

test("L2: what was handled beyond the apply stays handled", () => {
  const told = {
    ...news,
    version: 4,
    appliedMs: 3_000,
    timing: { ...timing, timezone: "Asia/Tokyo" },
  };
  expect(changed(learn(known, told, 9_000)).known.handledMs).toBe(5_000);
});

test("a first timing has no old one to close", () => {
  const untimed: KnownDag = { ...known, timing: undefined };
  expect(changed(learn(untimed, { ...news, version: 4 }, 9_000)).closeOldMs).toBeUndefined();
});

test("pause and resume of the same version", () => {
  const paused = changed(learn(known, { ...news, paused: true }, 9_000));
  expect(paused.known).toMatchObject({ paused: true, pausedMs: 9_000 });
  expect(paused.resumedSinceMs).toBeUndefined();
  const again = changed(learn(paused.known, { ...news, paused: true, version: 4 }, 10_000));
  expect(again.known.pausedMs).toBe(9_000);
  const resumed = changed(learn(again.known, { ...news, version: 4 }, 11_000));
  expect(resumed.known).toMatchObject({ paused: false, pausedMs: undefined });
  expect(resumed.resumedSinceMs).toBe(9_000);
});

test("@once is due at its start, or when it was applied; and not again when the rest of it changes", () => {
  const once: Timing = { timezone: "UTC", crons: [], dates: [], excludes: [], once: true };
  const first = changed(learn(undefined, { ...news, timing: once }, 9_000)).known;
  expect(first).toMatchObject({ handledMs: 999, dynamicMs: 1_000 });
  const startMs = 7_000;
  const started = changed(learn(undefined, { ...news, timing: { ...once, startMs } }, 9_000));
  expect(started.known).toMatchObject({ handledMs: 6_999, dynamicMs: 7_000 });
  const ended = { ...news, version: 4, appliedMs: 8_000, timing: { ...once, endMs: 99_000 } };
  const learned = changed(learn({ ...first, handledMs: 1_000 }, ended, 9_000));
  expect(learned.known).toMatchObject({ handledMs: 1_000, dynamicMs: 1_000 });
  const late = { ...news, version: 4, appliedMs: 8_000, timing: { ...once, startMs: 1 } };
  expect(changed(learn(known, late, 9_000)).known).toMatchObject({
    handledMs: 7_999,
    dynamicMs: 8_000,
  });
});

test("a DAG that is retired is due no more: its due times until then are its own", () => {
  const told = { ...news, retired: true, appliedMs: 8_000, timing: undefined };
  const learned = changed(learn(known, told, 9_000));
  expect(learned).toMatchObject({ closeOldMs: 8_000, known: { retired: true, handledMs: 8_000 } });
  expect(learn(learned.known, told, 9_500)).toEqual({ kind: "nothing" });
});

const earlier = { endedMs: 8_000, newestDueMs: 7_000 };
const once: Timing = { ...timing, crons: [], once: true };
test.each<[string, Partial<DagNews>, Partial<KnownDag>]>([
  ["begins where the earlier name ended", {}, { handledMs: 8_000 }],
  ["whatever was applied since", { version: 2, appliedMs: 8_500 }, { handledMs: 8_000 }],
  ["and whatever start says", { timing: { ...timing, startMs: 500 } }, { handledMs: 8_000 }],
  ["but not before its start", { timing: { ...timing, startMs: 9_500 } }, { handledMs: 9_499 }],
  ["having run once, it has run", { timing: once }, { handledMs: 7_000, dynamicMs: 7_000 }],
])("L4: a renamed DAG %s", (_, more, want) => {
  const renamed = { ...news, was: ["old"], appliedMs: 8_000, ...more };
  expect(changed(learn(undefined, renamed, 9_000, earlier)).known).toMatchObject(want);
});

test("L4: one that had not run once under its earlier name does so under the new one", () => {
  const renamed = { ...news, was: ["old"], timing: once };
  const left = { endedMs: 8_000, newestDueMs: undefined };
  expect(changed(learn(undefined, renamed, 9_000, left)).known.dynamicMs).toBe(8_001);
});
