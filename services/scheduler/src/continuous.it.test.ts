// `@continuous` with real users' permissions on a real broker and a real database: each run follows the one before.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { expect, test, vi } from "vitest";
import { TickOutcome, runIdOf } from "@chasqui/contracts";
import { dagOf, world } from "./testing.ts";
import type { World } from "./testing.ts";

const TIMEOUT = { timeout: 40_000, interval: 100 }; // a look is a call and a query
const until = <T>(check: () => T | Promise<T>): Promise<T> => vi.waitFor(check, TIMEOUT);
const dag = dagOf({ id: "feed", continuous: true });

const keysOf = (w: World): string[] => w.stateMachine.taken.map(({ start }) => start.key);

/** Resolves with the key of the n-th run. */
async function started(w: World, count: number): Promise<string> {
  await until(() => expect(keysOf(w).length).toBe(count));
  return keysOf(w)[count - 1] ?? "";
}

async function ledgerOf(w: World): Promise<{ outcome: number; dueMs: number; runId: string }[]> {
  const { ticks } = await w.schedules.listTicks({ dagId: "feed" });
  return ticks.map(({ outcome, dueTime, runId }) => ({
    outcome,
    dueMs: dueTime === undefined ? 0 : timestampMs(dueTime),
    runId,
  }));
}

test("the first run starts with the apply, each further one when the one before has settled; three replicas start each once", async () => {
  await using w = await world();
  await w.start();
  await w.start();
  await w.stateMachine.apply(dag);
  for (let n = 1; n <= 4; n++) {
    const key = await started(w, n);
    await w.stateMachine.settle({ dagId: "feed", key });
    await w.stateMachine.settle({ dagId: "feed", key }); // said twice
  }
  await started(w, 5);
  await until(async () => {
    const ledger = await ledgerOf(w);
    expect(ledger.map(({ outcome }) => outcome)).toEqual(
      Array.from({ length: 5 }, () => TickOutcome.FIRED),
    );
    expect(ledger.map(({ runId }) => runId)).toEqual(
      keysOf(w)
        .map((key) => runIdOf("feed", key))
        .reverse(),
    );
    for (const [index, { dueMs }] of ledger.slice(0, -1).entries())
      expect(dueMs - (ledger[index + 1]?.dueMs ?? 0)).toBeGreaterThanOrEqual(1_000);
  });
});

test("an end that no event told is found; while paused nothing follows, on resume one run does", async () => {
  await using w = await world();
  await w.stateMachine.apply(dag);
  const first = await started(w, 1);
  await w.stateMachine.settle({ dagId: "feed", key: first }, "untold");
  const second = await started(w, 2);
  await w.stateMachine.apply(dagOf({ id: "feed", continuous: true, paused: true }));
  await until(async () => {
    const { schedules } = await w.schedules.listSchedules({});
    expect(schedules).toMatchObject([{ dagId: "feed", paused: true }]);
  });
  const listed = async (dagId: string) => (await w.schedules.listSchedules({ dagId })).schedules;
  expect(await listed("feed")).toMatchObject([{ dagId: "feed", paused: true }]);
  expect(await listed("food")).toEqual([]);
  await w.stateMachine.settle({ dagId: "feed", key: second });
  await w.stopFirst();
  const replica = await w.start();
  await w.stateMachine.settle({ dagId: "feed", key: second });
  expect(keysOf(w)).toEqual([first, second]);
  await w.stateMachine.apply(dagOf({ id: "feed", continuous: true, version: 2 }));
  await started(w, 3);
  await replica.stop();
});
