// Backfills with real users' permissions on a real broker and a real database: every date one outcome, whatever ends.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { create } from "@bufbuild/protobuf";
import { expect, test, vi } from "vitest";
import { BackfillAction, Reprocess, RunState, StartRunSchema, runIdOf } from "@chasqui/contracts";
import { dagOf, world } from "./testing.ts";
import type { World } from "./testing.ts";

const TIMEOUT = { timeout: 40_000, interval: 100 }; // a look is a call and a query
const until = <T>(check: () => T | Promise<T>): Promise<T> => vi.waitFor(check, TIMEOUT);
/** Due at 19:00 UTC, and far from its next tick. */
const dag = dagOf({ id: "costs", crons: ["0 19 * * *"] });
const dayOf = (n: number): string => `2024-10-0${n}`;
const keyOf = (n: number): string => `${dayOf(n)}T19:00:00.000Z`;
const week = { dagId: "costs", from: dayOf(1), to: dayOf(7), maxActive: 2 };

const keys = (w: World): string[] => w.stateMachine.taken.map(({ start }) => start.key);

async function statesOf(w: World, backfillId: string): Promise<string> {
  const { dates } = await w.backfills.getBackfill({ backfillId });
  return dates.map(({ state }) => state).join(" ");
}

/** A run that was there before; settled unless it says no state. */
async function hadRun(w: World, key: string, state?: RunState): Promise<void> {
  const logicalMs = Date.parse(key.replace(/~.*/, ""));
  w.stateMachine.runs.set(
    runIdOf("costs", key),
    create(StartRunSchema, { dagId: "costs", key, logicalMs, by: "schedule" }),
  );
  if (state !== undefined) await w.stateMachine.settle({ dagId: "costs", key, state }, "untold");
}

test("a week, two at a time, oldest first, by two replicas: each date once, under its tick's key", async () => {
  await using w = await world({ dags: [dag] });
  await w.start();
  const { backfill } = await w.backfills.createBackfill({ ...week, reason: "new rates" });
  const id = backfill?.backfillId ?? "";
  expect(backfill).toMatchObject({ state: "running", createdBy: "user:ana", reason: "new rates" });
  for (let n = 1; n <= 7; n++) {
    const open = Math.min(7, n + 1);
    await until(() => expect(keys(w)).toHaveLength(open));
    await w.stateMachine.settle({ dagId: "costs", key: keyOf(n) });
    await w.stateMachine.settle({ dagId: "costs", key: keyOf(n) }); // said twice
  }
  await until(async () =>
    expect((await w.backfills.getBackfill({ backfillId: id })).backfill).toMatchObject({
      state: "done",
      counts: { succeeded: 7 },
    }),
  );
  const order = [1, 2, 3, 4, 5, 6, 7].map(keyOf);
  expect(keys(w).toSorted()).toEqual(order);
  expect(keys(w).slice(2)).toEqual(order.slice(2)); // the first two begin at once, each by any replica
  expect(w.stateMachine.taken[2]?.start).toMatchObject({
    ...{ key: keyOf(3), causeKind: 4, by: `backfill ${id}`, logicalMs: Date.parse(keyOf(3)) },
    ...{ intervalStartMs: Date.parse(keyOf(2)), intervalEndMs: Date.parse(keyOf(3)) },
  });
});

test("what a date has already: a dry run says what happens, and the backfill does it", async () => {
  await using w = await world({ dags: [dag] });
  await hadRun(w, keyOf(2), RunState.SUCCEEDED);
  await hadRun(w, keyOf(3), RunState.FAILED);
  await hadRun(w, keyOf(4));
  await hadRun(w, keyOf(5), RunState.FAILED);
  await hadRun(w, `${keyOf(5)}~1`, RunState.CANCELLED);
  const request = { ...week, to: dayOf(5), reprocess: Reprocess.FAILED, newestFirst: true };
  const dry = await w.backfills.createBackfill({ ...request, dryRun: true });
  expect(dry.dates.map(({ state, runKey, reason }) => `${state} ${runKey}: ${reason}`)).toEqual([
    `waiting ${keyOf(5)}~2: it does ${runIdOf("costs", `${keyOf(5)}~1`)} again`,
    `skipped ${keyOf(4)}: its run has not settled`,
    `waiting ${keyOf(3)}~1: it does ${runIdOf("costs", keyOf(3))} again`,
    `skipped ${keyOf(2)}: its run succeeded, and reprocess is failed`,
    `waiting ${keyOf(1)}: it has no run`,
  ]);
  expect(dry.backfill).toMatchObject({ backfillId: "", counts: { waiting: 3, skipped: 2 } });
  expect((await w.backfills.listBackfills({})).backfills).toEqual([]);

  const made = await w.backfills.createBackfill({ ...request, requestId: "r1" });
  const again = await w.backfills.createBackfill({ ...request, requestId: "r1" });
  const id = made.backfill?.backfillId ?? "";
  expect(again.backfill?.backfillId).toBe(id);
  await until(() => expect(keys(w)).toHaveLength(2));
  await w.stateMachine.settle({ dagId: "costs", key: `${keyOf(3)}~1`, state: RunState.FAILED });
  await until(() => expect(keys(w)).toEqual([`${keyOf(5)}~2`, `${keyOf(3)}~1`, keyOf(1)]));
  expect(w.stateMachine.taken[0]?.start.rerunOf).toBe(runIdOf("costs", `${keyOf(5)}~1`));
  await until(async () =>
    expect(await statesOf(w, id)).toBe("running skipped failed skipped running"),
  );
});

test("killed and begun again, with verdicts and events lost, every date ends once; pause, resume and cancel hold", async () => {
  await using w = await world({ dags: [dag] });
  w.stateMachine.answers = false;
  const { backfill } = await w.backfills.createBackfill({ ...week, maxActive: 1 });
  const id = backfill?.backfillId ?? "";
  await until(() => expect(keys(w)).toEqual([keyOf(1)]));
  await w.stopFirst();
  await w.stateMachine.settle({ dagId: "costs", key: keyOf(1) }, "untold");
  const second = await w.start();
  const backfills = w.backfillsAt(second.port);
  await until(() => expect(keys(w)).toEqual([1, 2].map(keyOf)));
  const told = async (action: BackfillAction, keepRuns = false) =>
    (await backfills.controlBackfill({ backfillId: id, action, keepRuns, reason: "wait" }))
      .backfill;
  expect(await told(BackfillAction.PAUSE)).toMatchObject({
    ...{ state: "paused", changedBy: "user:ana", changeReason: "wait" },
  });
  await w.stateMachine.settle({ dagId: "costs", key: keyOf(2), state: RunState.FAILED }, "untold");
  const counts = async () => (await backfills.getBackfill({ backfillId: id })).backfill?.counts;
  await until(async () => expect(await counts()).toEqual({ succeeded: 1, failed: 1, waiting: 5 }));
  expect(keys(w)).toHaveLength(2);
  await told(BackfillAction.RESUME);
  await until(() => expect(keys(w)).toEqual([1, 2, 3].map(keyOf)));
  await expect(told(BackfillAction.RESUME, true)).rejects.toThrow("keep_runs with resume");
  expect(await told(BackfillAction.CANCEL, true)).toMatchObject({
    ...{ state: "cancelled", endsRuns: false },
  });
  await expect(told(BackfillAction.RESUME)).rejects.toThrow(`backfill ${id}: it is cancelled`);
  await w.stateMachine.settle({ dagId: "costs", key: keyOf(3) }, "untold");
  await until(async () =>
    expect((await backfills.getBackfill({ backfillId: id })).backfill).toMatchObject({
      state: "cancelled",
      counts: { succeeded: 2, failed: 1, abandoned: 4 },
      finishedTime: expect.anything(),
    }),
  );
  expect(w.stateMachine.cancels).toEqual([]);
  const { changes } = await backfills.getBackfill({ backfillId: id });
  expect(changes.map(({ action, by, keepRuns }) => [action, by, keepRuns])).toEqual([
    [BackfillAction.PAUSE, "user:ana", false],
    [BackfillAction.RESUME, "user:ana", false],
    [BackfillAction.CANCEL, "user:ana", true],
  ]);
});

test("a cancel ends the runs at work, also when the scheduler is killed in the middle of it and one is not there yet", async () => {
  await using w = await world({ dags: [dag] });
  const late = Promise.withResolvers<void>();
  w.stateMachine.before = ({ key }) => (key === keyOf(3) ? late.promise : Promise.resolve());
  const { backfill } = await w.backfills.createBackfill({ ...week, maxActive: 3 });
  const backfillId = backfill?.backfillId ?? "";
  const begun = "running running starting waiting waiting waiting waiting";
  await until(async () => expect(await statesOf(w, backfillId)).toBe(begun));
  const cancel = { backfillId, action: BackfillAction.CANCEL, reason: "wrong rates" };
  const dry = await w.backfills.controlBackfill({ ...cancel, dryRun: true });
  expect(dry.backfill).toMatchObject({ state: "cancelled", endsRuns: true, changedBy: "" });
  expect(dry.dates.map(({ state }) => state).join(" ")).toBe(
    "cancelled cancelled cancelled abandoned abandoned abandoned abandoned",
  );
  expect(await statesOf(w, backfillId)).toBe(begun);

  w.stateMachine.holdsCancels = true;
  await w.backfills.controlBackfill(cancel);
  await until(() => expect(w.stateMachine.cancels.length).toBeGreaterThanOrEqual(2));
  await w.stopFirst();
  late.resolve();
  w.stateMachine.holdsCancels = false;
  const second = await w.start();
  await until(async () =>
    expect((await w.backfillsAt(second.port).getBackfill({ backfillId })).backfill).toMatchObject({
      ...{ state: "cancelled", counts: { cancelled: 3, abandoned: 4 } },
      finishedTime: expect.anything(),
    }),
  );
  expect(new Set(w.stateMachine.cancels.map(({ runId }) => runId))).toEqual(
    new Set([1, 2, 3].map((n) => runIdOf("costs", keyOf(n)))),
  );
  const reason = `backfill ${backfillId} was cancelled: wrong rates`;
  expect(w.stateMachine.cancels.at(-1)).toMatchObject({ by: "user:ana", reason });
  expect(keys(w)).toHaveLength(3);
});

test("a cancel leaves a run that a date joined: it is another's", async () => {
  await using w = await world({ dags: [dag] });
  w.stateMachine.answers = false;
  w.stateMachine.before = async (start) => {
    if (start.key === keyOf(1)) start.by = "schedule"; // the clock's StartRun was the first of the two
  };
  const { backfill } = await w.backfills.createBackfill({ ...week, to: dayOf(2), maxActive: 2 });
  const backfillId = backfill?.backfillId ?? "";
  await until(() => expect(keys(w)).toHaveLength(2));
  await w.backfills.controlBackfill({ backfillId, action: BackfillAction.CANCEL });
  await until(async () => expect(await statesOf(w, backfillId)).toBe("running cancelled"));
  expect(w.stateMachine.cancels.map(({ runId }) => runId)).toEqual([runIdOf("costs", keyOf(2))]);
});

test("a paused DAG holds its backfill, which says so; a refusal is the date's outcome", async () => {
  await using w = await world({
    dags: [dagOf({ id: "costs", crons: ["0 19 * * *"], paused: true })],
  });
  const { backfill } = await w.backfills.createBackfill({
    ...week,
    dates: [dayOf(3)],
    from: "",
    to: "",
  });
  const id = backfill?.backfillId ?? "";
  expect(backfill?.waitsFor).toBe("DAG costs is paused");
  w.stateMachine.refuse = () => "DAG costs is retired: apply it to bring it back";
  await w.stateMachine.apply(dagOf({ id: "costs", crons: ["0 19 * * *"], version: 2 }));
  await until(async () => {
    const { backfill: over, dates } = await w.backfills.getBackfill({ backfillId: id });
    expect(over).toMatchObject({ state: "done", waitsFor: "" });
    expect(dates).toMatchObject([
      { state: "refused", reason: "DAG costs is retired: apply it to bring it back" },
    ]);
    expect(dates.map(({ logicalTime }) => logicalTime && timestampMs(logicalTime))).toEqual([
      Date.parse(keyOf(3)),
    ]);
  });
});

test("a DAG that only triggers start: days are its dates, and a run that a trigger of the day started is theirs", async () => {
  const subject = "logistics.routes.closed";
  const triggers = [{ event: { subject }, key: "${run.date}" }];
  await using w = await world({ dags: [dagOf({ id: "routes", triggers })] });
  const key = dayOf(2);
  const start = { dagId: "routes", key, logicalMs: Date.parse(`${key}T17:30:00Z`) };
  const runId = runIdOf("routes", key);
  w.stateMachine.runs.set(runId, create(StartRunSchema, { ...start, by: "logistics routes-2" }));
  await w.stateMachine.settle(start, "untold");
  const request = { dagId: "routes", from: dayOf(1), to: dayOf(3), maxActive: 3 };
  const dry = await w.backfills.createBackfill({ ...request, dryRun: true });
  expect(dry.dates.map(({ state, runKey, reason }) => `${state} ${runKey}: ${reason}`)).toEqual([
    `waiting ${dayOf(1)}: it has no run`,
    `skipped ${dayOf(2)}: its run succeeded, and reprocess is none`,
    `waiting ${dayOf(3)}: it has no run`,
  ]);
  const dates = [dayOf(3), `${dayOf(1)}T06:00`, dayOf(3)];
  await w.backfills.createBackfill({ dagId: "routes", dates, maxActive: 1 });
  await until(() => expect(keys(w)).toHaveLength(1));
  await w.stateMachine.settle({ dagId: "routes", key: `${dayOf(1)}T06:00:00.000Z` });
  await until(() => expect(keys(w)).toEqual([`${dayOf(1)}T06:00:00.000Z`, dayOf(3)]));
  const midnight = Date.parse(`${dayOf(3)}T00:00:00Z`);
  expect(w.stateMachine.taken[1]?.start).toMatchObject({
    ...{ logicalMs: midnight, intervalStartMs: midnight, intervalEndMs: midnight, causeKind: 4 },
  });
});

const refusals: [Parameters<World["backfills"]["createBackfill"]>[0], string][] = [
  [{ dagId: "costs" }, "want `from` (and `to`), or `dates`"],
  [{ ...week, from: "yesterday" }, 'from "yesterday": want a date such as 2026-10-06'],
  [{ ...week, from: dayOf(9) }, `to "${dayOf(7)}" is before from "${dayOf(9)}"`],
  [{ ...week, maxActive: 1_000 }, "max_active 1000: want 1 to 100"],
  [{ ...week, from: "1990-01-01", to: "2024-01-01" }, "more than 5000 dates"],
  [{ ...week, from: "2024-10-01T20:00", to: "2024-10-02T18:00" }, "no due time in that time"],
  [
    { dagId: "feed", from: "2999-01-01", to: "2999-01-02" },
    "DAG feed has no due times by the clock, so its dates are days in UTC: none in that time has begun",
  ],
  [{ dagId: "feed", dates: ["2999-01-01"] }, "none in that time has begun"],
  [{ dagId: "feed", from: "1990-01-01" }, "more than 5000 dates"],
  [{ ...week, dagId: "cost" }, 'no DAG is called "cost"'],
];

test("what cannot be a backfill is refused with what was wanted", async () => {
  await using w = await world({ dags: [dag, dagOf({ id: "feed", continuous: true })] });
  for (const [request, message] of refusals)
    await expect(w.backfills.createBackfill({ ...request, dryRun: true })).rejects.toThrow(message);
  expect((await w.backfills.listBackfills({})).backfills).toEqual([]);
});
