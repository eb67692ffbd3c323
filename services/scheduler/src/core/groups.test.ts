import { expect, test } from "vitest";
import { GROUP_EVENTS_MAX, RUN_EVENTS_BYTES_MAX, collect, whenDue } from "./groups.ts";
import type { Group, Member } from "./groups.ts";
import { all, asset, event, rule } from "./testing.ts";

const batched = rule(event("a"), { batch: { windowMs: 600_000, quietMs: 60_000, eventsMax: 3 } });
const both = rule(all(event("a"), asset("b")), { withinMs: 3_600_000 });
const member = (id: string, changes: Partial<Member> = {}): Member => ({
  source: "s",
  id,
  receivedMs: 0,
  leaves: [0],
  bytes: 10,
  ...changes,
});
const group = (changes: Partial<Group> = {}): Group => ({
  openedMs: 0,
  dueMs: 60_000,
  met: [0],
  count: 1,
  bytes: 10,
  lead: { source: "s", id: "first" },
  ...changes,
});

test("the first event opens a batch, the last that fits closes it", () => {
  const opened = collect(batched, undefined, member("first"));
  expect(opened).toEqual({
    kind: "waits",
    group: group(),
    reason: "collected with others until 1970-01-01T00:01:00.000Z: 1 so far",
  });
  const second = collect(batched, group(), member("second", { receivedMs: 50_000 }));
  expect(second).toMatchObject({ kind: "waits", group: { dueMs: 110_000, count: 2, bytes: 20 } });
  const third = collect(batched, group({ count: 2 }), member("third"));
  expect(third).toMatchObject({ kind: "closes", group: { lead: { id: "first" } } });
});

test("quiet never holds a batch open beyond its window", () => {
  const late = collect(batched, group({ count: 2 }), member("x", { receivedMs: 590_000 }));
  expect(late).toMatchObject({ kind: "closes" });
  const two = collect(batched, group(), member("x", { receivedMs: 590_000 }));
  expect(two).toMatchObject({ kind: "waits", group: { dueMs: 600_000 } });
});

test("a full batch goes, and the event opens the next", () => {
  const big = member("big", { bytes: RUN_EVENTS_BYTES_MAX });
  expect(collect(batched, group(), big)).toEqual({ kind: "next", reason: "the batch is full" });
});

test("with a key, who comes after the run was asked for joins it", () => {
  expect(collect(batched, "closed", member("late"))).toEqual({ kind: "joins" });
});

test("a condition that wants several things says what it waits for, and closes when it is complete", () => {
  const first = collect(both, undefined, member("first"));
  expect(first).toMatchObject({
    kind: "waits",
    group: { dueMs: 3_600_000, met: [0] },
    reason: "waits for asset b until 1970-01-01T01:00:00.000Z",
  });
  const again = collect(both, group({ dueMs: 3_600_000 }), member("again"));
  expect(again).toMatchObject({ kind: "waits", group: { count: 2, met: [0] } });
  const other = collect(both, group(), member("other", { leaves: [1] }));
  expect(other).toMatchObject({ kind: "closes", group: { met: [0, 1], count: 2 } });
});

test("events without end of the one thing are refused; the missing one is not", () => {
  const full = group({ count: GROUP_EVENTS_MAX });
  expect(collect(both, full, member("x"))).toEqual({
    kind: "refused",
    reason: "1000 events wait already for asset b",
  });
  expect(collect(both, full, member("x", { leaves: [1] }))).toMatchObject({ kind: "closes" });
});

test("a batch whose time has come closes", () => {
  expect(whenDue(batched, group(), [member("first")], 60_000)).toEqual({ kind: "closes" });
});

test("what waited too long gives up; what came later waits on", () => {
  const old = member("first");
  const young = member("second", { receivedMs: 1_000_000, leaves: [1] });
  const due = whenDue(both, group({ met: [0], dueMs: 3_600_000 }), [old, young], 3_600_000);
  expect(due).toMatchObject({
    kind: "expires",
    expired: [old],
    reason: "waited 3600 s in vain for asset b",
    left: { openedMs: 1_000_000, dueMs: 4_600_000, met: [1], count: 1, lead: { id: "second" } },
  });
  expect(whenDue(both, group(), [old], 3_600_000)).toMatchObject({
    expired: [old],
    left: undefined,
  });
});
