// The statements against a real PostgreSQL.
import { refOf } from "@chasqui/runner/testing";
import { describe, expect, test } from "vitest";
import { parseHttp } from "../kinds/http.ts";
import { openStore } from "../testing/runner.ts";
import type { WaitRow } from "./rows.ts";
import { LEASE_MS } from "./waits.ts";
import type { NewWait, Room } from "./waits.ts";

const NOW_MS = Date.parse("2026-01-02T03:04:05.678Z");
const DAY_MS = 86_400_000;
const HTTP = "sensor.http";
const waitOf = (attempt: number, change: Partial<NewWait> = {}): NewWait => ({
  ref: refOf({ attempt, ...(attempt === 1 ? {} : { traceparent: "00-a-b-01" }) }),
  kind: HTTP,
  spec: parseHttp({ url: `https://api.example/${attempt}`, soft_fail: true }),
  topic: undefined,
  nowMs: NOW_MS + attempt,
  deadlineMs: NOW_MS + DAY_MS,
  ...change,
});
const room = (max: number, kind = HTTP): Room[] => [{ kind, max }];
const cancelled = { state: "cancelled" } as const;
const numbersOf = (rows: readonly Pick<WaitRow, "ref">[]): number[] =>
  rows.map(({ ref }) => ref.attempt).sort();
const first = (rows: readonly WaitRow[]): WaitRow => {
  const [row] = rows;
  if (row === undefined) throw new Error("no row");
  return row;
};

test("what begins is read back, once", async () => {
  await using t = await openStore();
  const wait = waitOf(2);
  await t.waits.begin(wait);
  await t.waits.begin({ ...wait, deadlineMs: 1 });
  expect(await t.waits.get(wait.ref.attemptId)).toEqual({
    ref: wait.ref,
    kind: HTTP,
    spec: wait.spec,
    state: "waiting",
    version: 1,
    acceptedMs: wait.nowMs,
    deadlineMs: wait.deadlineMs,
    progress: { polls: 0, silences: 0, note: "", cursor: null },
    lines: 0,
    nudges: 0,
    outcome: undefined,
    endedMs: undefined,
    reportedMs: undefined,
  });
  expect(await t.waits.get("nobody")).toBeUndefined();
});

describe("taking in hand", () => {
  test("R2: what is due, oldest first, and nothing that another one has", async () => {
    await using t = await openStore();
    for (const attempt of [3, 1, 2, 4]) await t.waits.begin(waitOf(attempt));
    expect(await t.waits.takeDue(NOW_MS, room(10))).toEqual([]);
    expect(numbersOf(await t.waits.takeDue(NOW_MS + 3, room(2)))).toEqual([1, 2]);
    expect(numbersOf(await t.waits.takeDue(NOW_MS + 3, room(10)))).toEqual([3]);
    expect(await t.waits.takeDue(NOW_MS + 3, room(10))).toEqual([]);
    const later = NOW_MS + 4 + LEASE_MS;
    expect(numbersOf(await t.waits.takeDue(later, room(10)))).toEqual([1, 2, 3, 4]);
  });

  test("R2: at the same moment, each is taken once", async () => {
    await using t = await openStore();
    const attempts = Array.from({ length: 40 }, (_, index) => index + 1);
    await Promise.all(attempts.map((attempt) => t.waits.begin(waitOf(attempt))));
    const taken = await Promise.all(
      Array.from({ length: 8 }, () => t.waits.takeDue(NOW_MS + 1_000, room(5))),
    );
    const all = taken.flat().map(({ ref }) => ref.attempt);
    expect(new Set(all).size).toBe(all.length);
    expect(all.length).toBeGreaterThan(0);
  });

  test("R3: each kind has room of its own", async () => {
    await using t = await openStore();
    for (const attempt of [1, 2, 3]) await t.waits.begin(waitOf(attempt));
    for (const attempt of [4, 5]) await t.waits.begin(waitOf(attempt, { kind: "sensor.time" }));
    const rooms = [...room(2), ...room(9, "sensor.time"), ...room(9, "sensor.none")];
    expect(numbersOf(await t.waits.takeDue(NOW_MS + 9, rooms))).toEqual([1, 2, 4, 5]);
  });

  test("what is given back is taken again at once", async () => {
    await using t = await openStore();
    await t.waits.begin(waitOf(1));
    const row = first(await t.waits.takeDue(NOW_MS + 1, room(1)));
    await t.waits.release(row);
    expect(numbersOf(await t.waits.takeDue(NOW_MS + 1, room(1)))).toEqual([1]);
    await t.waits.release(row); // an old belief releases nothing
    expect(await t.waits.takeDue(NOW_MS + 1, room(1))).toEqual([]);
  });
});

describe("putting down", () => {
  const progress = { polls: 1, silences: 1, note: "nobody", cursor: { at: 7 } };

  test("another look", async () => {
    await using t = await openStore();
    await t.waits.begin(waitOf(1));
    const row = first(await t.waits.takeDue(NOW_MS + 1, room(1)));
    const step = { kind: "again", nextPollMs: NOW_MS + 500 } as const;
    expect(await t.waits.put(row, { progress, lines: 1, step })).toBe(true);
    expect(await t.waits.takeDue(NOW_MS + 499, room(1))).toEqual([]);
    expect(first(await t.waits.takeDue(NOW_MS + 500, room(1)))).toMatchObject({
      progress,
      lines: 1,
    });
  });

  test("R1: a belief that is no longer true writes nothing", async () => {
    await using t = await openStore();
    await t.waits.begin(waitOf(1));
    const row = first(await t.waits.takeDue(NOW_MS + 1, room(1)));
    const second = first(await t.waits.takeDue(NOW_MS + 2 + LEASE_MS, room(1)));
    const step = { kind: "again", nextPollMs: NOW_MS + 500 } as const;
    expect(await t.waits.put(row, { progress, lines: 1, step })).toBe(false);
    expect(await t.waits.put(second, { progress, lines: 1, step })).toBe(true);
    await t.waits.end(row.ref.attemptId, cancelled, NOW_MS);
    const current = await t.waits.get(row.ref.attemptId);
    if (current === undefined) throw new Error("no row");
    expect(await t.waits.put(current, { progress, lines: 1, step })).toBe(false);
  });
});

describe("topics", () => {
  const topic = "logistics.routes.closed";
  const step = { kind: "again", nextPollMs: NOW_MS + DAY_MS } as const;
  const progress = { polls: 1, silences: 0, note: "none yet", cursor: null };
  const putDown = { progress, lines: 1, step };

  test("are those of waits that wait, each once", async () => {
    await using t = await openStore();
    const kind = "sensor.event";
    for (const attempt of [1, 2]) await t.waits.begin(waitOf(attempt, { kind, topic }));
    await t.waits.begin(waitOf(3, { kind: "sensor.dag", topic }));
    await t.waits.begin(waitOf(4, { kind, topic: "over" }));
    await t.waits.begin(waitOf(5));
    await t.waits.end(refOf({ attempt: 4 }).attemptId, cancelled, NOW_MS);
    const topics = await t.waits.topics();
    expect(topics.map((one) => `${one.kind} ${one.topic}`).sort()).toEqual([
      `sensor.dag ${topic}`,
      `sensor.event ${topic}`,
    ]);
  });

  test("R4: what is heard makes a wait due, also one that is in hand", async () => {
    await using t = await openStore();
    await t.waits.begin(waitOf(1, { topic }));
    await t.waits.begin(waitOf(2, { topic: "another" }));
    const [first, second] = await t.waits.takeDue(NOW_MS + 9, room(9));
    if (first === undefined || second === undefined) throw new Error("no rows");
    expect(await t.waits.put(first, putDown)).toBe(true);
    expect(await t.waits.put(second, putDown)).toBe(true);
    const heard = [{ kind: HTTP, topic }];
    expect(await t.waits.nudge([{ kind: "sensor.dag", topic }], NOW_MS + 10)).toBe(0);
    expect(await t.waits.nudge(heard, NOW_MS + 10)).toBe(1);
    const [again] = await t.waits.takeDue(NOW_MS + 10, room(9));
    if (again === undefined) throw new Error("not due");
    expect(await t.waits.nudge(heard, NOW_MS + 11)).toBe(1); // in hand
    expect(await t.waits.put(again, putDown)).toBe(true);
    expect(numbersOf(await t.waits.takeDue(NOW_MS + 11, room(9)))).toEqual([1]);
  });

  test("R4: nor does it stop a look from ending its wait", async () => {
    await using t = await openStore();
    await t.waits.begin(waitOf(1, { topic }));
    const row = first(await t.waits.takeDue(NOW_MS + 1, room(1)));
    await t.waits.nudge([{ kind: HTTP, topic }], NOW_MS + 2);
    const ended = { kind: "ended", outcome: cancelled, endedMs: NOW_MS + 3 } as const;
    expect(await t.waits.put(row, { ...putDown, step: ended })).toBe(true);
    expect((await t.waits.get(row.ref.attemptId))?.state).toBe("ended");
  });
});

test("an end is reported, confirmed, kept for a week", async () => {
  await using t = await openStore();
  const { ref } = waitOf(1);
  await t.waits.begin(waitOf(1));
  expect(await t.waits.end(ref.attemptId, cancelled, NOW_MS)).toMatchObject({
    state: "ended",
    outcome: cancelled,
  });
  expect(await t.waits.end(ref.attemptId, cancelled, NOW_MS)).toBe("ended");
  expect(await t.waits.end("nobody", cancelled, NOW_MS)).toBeUndefined();

  expect(await t.waits.takeUnreported(NOW_MS + LEASE_MS, 1)).toEqual([]);
  expect(numbersOf(await t.waits.takeUnreported(NOW_MS + LEASE_MS + 1, 1))).toEqual([1]);
  await t.waits.confirm(ref.attemptId, NOW_MS); // not before it is reported
  expect((await t.waits.get(ref.attemptId))?.state).toBe("ended");
  await t.waits.reported(ref.attemptId, NOW_MS + 7);
  expect(await t.waits.takeUnreported(NOW_MS + 10 * LEASE_MS, 1)).toEqual([]);
  expect(await t.waits.open(HTTP)).toMatchObject([{ state: "ended", reportedMs: NOW_MS + 7 }]);
  await t.waits.confirm(ref.attemptId, NOW_MS);
  expect(await t.waits.open(HTTP)).toEqual([]);
  expect(await t.waits.purge(NOW_MS + 7 * DAY_MS)).toBe(0);
  expect(await t.waits.purge(NOW_MS + 7 * DAY_MS + 1)).toBe(1);
});

test("R3: the list goes on over pages", async () => {
  await using t = await openStore();
  const count = 2_345;
  await t.sql`
    insert into wait (
      attempt_id, run_id, task_id, map_index, attempt, traceparent, kind, spec, state, version,
      accepted_at, deadline_at, next_poll_at, poll_count, silence_count, line_count, nudge_count,
      note)
    select 'att-' || n, 'run', 't', -1, n, '', ${HTTP}, '{}', 'waiting', 1, now(), now(), now(),
      0, 0, 0, 0, ''
    from generate_series(1, ${count}) n`;
  expect(await t.waits.open("sensor.time")).toEqual([]);
  const open = await t.waits.open(HTTP);
  expect(new Set(open.map(({ ref }) => ref.attempt)).size).toBe(count);
});
