// Properties of collected events, over random histories of arrivals and looks; named as the invariants.
import fc from "fast-check";
import { expect, test } from "vitest";
import { GROUP_EVENTS_MAX, RUN_EVENTS_BYTES_MAX, collect, whenDue } from "./groups.ts";
import type { Group, Member } from "./groups.ts";
import { isSatisfied } from "./rules.ts";
import type { TriggerRule } from "./rules.ts";
import { all, any, asset, event, rule } from "./testing.ts";

const batches = [
  rule(event("a"), { batch: { windowMs: 10_000, eventsMax: 4 } }),
  rule(event("a"), { batch: { windowMs: 10_000, quietMs: 2_000, eventsMax: 1_000 } }),
  rule(event("a"), { key: "k", batch: { windowMs: 10_000, eventsMax: 3 } }),
];
const conditions = [
  rule(all(event("a"), asset("b"))),
  rule(all(event("a"), any(asset("b"), asset("c"))), { withinMs: 5_000 }),
  rule(all(event("a"), asset("b"), asset("c")), { key: "k", withinMs: 20_000 }),
];

const arrival = fc.record({
  // Most come so soon that a batch is never quiet before its window ends.
  pauseMs: fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 500, max: 1_900 }) },
    fc.nat(3_000),
    fc.constant(12_000),
  ),
  leaves: fc.subarray([0, 1, 2], { minLength: 1 }),
  bytes: fc.constantFrom(10, 1_000, RUN_EVENTS_BYTES_MAX / 2),
});
interface Arrival {
  readonly pauseMs: number;
  readonly leaves: number[];
  readonly bytes: number;
}
const history = fc.array(arrival, { maxLength: 40 });

interface Ended {
  readonly runs: { readonly members: Member[]; readonly opened: Group; readonly atMs: number }[];
  readonly joined: Member[];
  readonly gaveUp: Member[];
  readonly waiting: Member[];
}

/** The shell in memory: what it does with each decision. */
function play(of: TriggerRule, list: readonly Arrival[]): Ended {
  const ended: Ended = { runs: [], joined: [], gaveUp: [], waiting: [] };
  let group: Group | "closed" | undefined;
  let nowMs = 0;
  const close = (opened: Group): void => {
    ended.runs.push({ members: ended.waiting.splice(0), opened, atMs: nowMs });
    group = of.key === "" ? undefined : "closed";
  };
  const look = (): void => {
    if (typeof group !== "object" || group.dueMs === undefined || group.dueMs > nowMs) return;
    const due = whenDue(of, group, ended.waiting, nowMs);
    if (due.kind === "closes") return close(group);
    ended.gaveUp.push(...due.expired);
    const gone = new Set(due.expired);
    ended.waiting.splice(0, Infinity, ...ended.waiting.filter((one) => !gone.has(one)));
    group = due.left;
  };
  for (const [index, { pauseMs, leaves, bytes }] of list.entries()) {
    for (let step = 0; step < pauseMs; step += 1_000) {
      nowMs += Math.min(1_000, pauseMs - step);
      look(); // once a second, as the service does
    }
    const member = { source: "s", id: String(index), receivedMs: nowMs, leaves, bytes };
    let decision = collect(of, group, member);
    if (decision.kind === "next" && typeof group === "object") {
      close(group);
      decision = collect(of, group, member);
    }
    if (decision.kind === "joins") ended.joined.push(member);
    else if (decision.kind === "refused") ended.gaveUp.push(member);
    else if (decision.kind !== "next") {
      ended.waiting.push(member);
      group = decision.group;
      if (decision.kind === "closes") close(decision.group);
    }
  }
  return ended;
}

const anyRule = fc.constantFrom(...batches, ...conditions);

test("C1: an event is in exactly one place: waiting, or in one run, or given up with a reason", () => {
  fc.assert(
    fc.property(anyRule, history, (of, list) => {
      const { runs, joined, gaveUp, waiting } = play(of, list);
      const places = [...runs.flatMap(({ members }) => members), ...joined, ...gaveUp, ...waiting];
      expect(places.map(({ id }) => Number(id)).toSorted((a, b) => a - b)).toEqual(
        list.map((_, index) => index),
      );
    }),
  );
});

test("C2: a batch closes no later than its window after its first event, and never holds more than its limits", () => {
  fc.assert(
    fc.property(fc.constantFrom(...batches), history, (of, list) => {
      for (const { members, opened, atMs } of play(of, list).runs) {
        expect(atMs - opened.openedMs).toBeLessThanOrEqual((of.batch?.windowMs ?? 0) + 1_000);
        expect(members.length).toBeLessThanOrEqual(of.batch?.eventsMax ?? GROUP_EVENTS_MAX);
        const bytes = members.reduce((sum, one) => sum + one.bytes, 0);
        expect(bytes).toBeLessThanOrEqual(RUN_EVENTS_BYTES_MAX);
        expect(opened).toMatchObject({
          count: members.length,
          bytes,
          lead: { id: members[0]?.id },
        });
      }
    }),
  );
});

test("C3: a condition's group closes with the event that satisfies it, never before", () => {
  fc.assert(
    fc.property(fc.constantFrom(...conditions), history, (of, list) => {
      const { runs, waiting } = play(of, list);
      const metBy = (members: readonly Member[]): Set<number> =>
        new Set(members.flatMap(({ leaves }) => leaves));
      for (const { members } of runs) {
        expect(isSatisfied(of.on, metBy(members))).toBe(true);
        expect(isSatisfied(of.on, metBy(members.slice(0, -1)))).toBe(false);
      }
      expect(isSatisfied(of.on, metBy(waiting))).toBe(false);
    }),
  );
});

test("C4: with a key, one group per key ever closes; who comes later joins its run", () => {
  fc.assert(
    fc.property(anyRule, history, (of, list) => {
      const { runs, joined } = play(of, list);
      if (of.key === "") expect(joined).toEqual([]);
      else expect(runs.length).toBeLessThanOrEqual(1);
      const [first] = runs;
      for (const { receivedMs } of joined)
        expect(receivedMs).toBeGreaterThanOrEqual(first?.atMs ?? Infinity);
    }),
  );
});
