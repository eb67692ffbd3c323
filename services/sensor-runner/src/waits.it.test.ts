// Attempts as rows of waits: a real PostgreSQL, a bus in memory, one or two replicas.
import { AttemptState, FailureClass } from "@chasqui/contracts";
import { refOf } from "@chasqui/runner/testing";
import { describe, expect, test } from "vitest";
import { CannotAsk } from "./kinds/kind.ts";
import { LEASE_MS } from "./store/waits.ts";
import { LOOKS_MAX } from "./wait-watch.ts";
import { KIND, notYet, ready, startTestRunner } from "./testing/runner.ts";

const { attemptId } = refOf({});

describe("a wait", () => {
  test("is accepted once its row is there, looks until it is as expected, and says what it saw", async () => {
    await using t = await startTestRunner();
    await t.replica();
    t.answer = () => (t.looks.length < 3 ? notYet : ready);
    expect(await t.assign()).toBe("acked");
    expect(await t.waits.get(attemptId)).toBeDefined();
    const outcome = await t.outcome();
    expect(JSON.parse(outcome.outputJson)).toEqual({ ready: true });
    expect(t.looks).toHaveLength(3);
    const states = t.bus.updates.map(({ state }) => state);
    expect(states.at(-1)).toBe(AttemptState.SUCCEEDED);
    expect(states).toContain(AttemptState.RUNNING);
    expect(outcome.endedMs - outcome.startedMs).toBeGreaterThanOrEqual(200);
    await expect.poll(() => t.bus.logs.at(-1)?.complete).toBe(true);
    const lines = t.bus.logs.flatMap((batch) => batch.lines);
    expect(lines.map(({ counter, text }) => [counter, text])).toEqual([
      [1, "look 1: answered 503"],
      [2, "look 3: answered 200"],
    ]);
  });

  test("fails at its timeout, with what it saw last", async () => {
    await using t = await startTestRunner();
    await t.replica();
    t.answer = () => notYet;
    await t.assign({ with: { timeout: "300ms" } });
    const { failure } = await t.outcome();
    expect(failure).toMatchObject({
      class: FailureClass.TIMEOUT,
      permanent: true,
      message:
        "waited 300ms in vain for https://api.example/ready to answer as expected: answered 503",
      logTail: ["answered 503"],
      evidence: { status: 503, waited_for: "https://api.example/ready to answer as expected" },
    });
  });

  test("ends softly when it was asked to", async () => {
    await using t = await startTestRunner();
    await t.replica();
    t.answer = () => Promise.reject(new Error("ECONNREFUSED"));
    await t.assign({ with: { soft_fail: true }, timeoutMs: 200 });
    expect(await t.outcome()).toMatchObject({
      state: AttemptState.SKIPPED,
      reason:
        "waited 200ms in vain for https://api.example/ready to answer as expected: ECONNREFUSED",
    });
  });

  test("of what may not be asked fails at once, for good", async () => {
    await using t = await startTestRunner();
    await t.replica();
    t.answer = () => Promise.reject(new CannotAsk("10.0.0.1 is a private address"));
    await t.assign();
    const { failure } = await t.outcome();
    expect(failure).toMatchObject({ class: FailureClass.CONFIG, permanent: true });
    expect(t.looks).toHaveLength(1);
  });
});

test("a second delivery finds the row", async () => {
  await using t = await startTestRunner();
  t.answer = () => notYet;
  await t.replica();
  await t.assign();
  expect(await t.assign({ deliveryCount: 2 })).toBe("acked");
  const [row] = await t.sql<{ count: number }[]>`select count(*)::int as count from wait`;
  expect(row?.count).toBe(1);
});

test("L3: a kind whose outside hangs holds up no other", async () => {
  await using t = await startTestRunner();
  await t.replica();
  const hanging = Promise.withResolvers<void>();
  t.answer = (_url, signal) => {
    if (t.looks.length === LOOKS_MAX) hanging.resolve();
    return new Promise((_resolve, reject) =>
      signal.addEventListener("abort", () => reject(new Error("stopped"))),
    );
  };
  const attempts = Array.from({ length: LOOKS_MAX + 5 }, (_, index) => index + 1);
  await Promise.all(attempts.map((attempt) => t.assign({ attempt })));
  await hanging.promise;
  const time = { kind: "sensor.time", attempt: 1_000 };
  await t.bus.assign({ ...time, config: { delay: "0s" } });
  expect(await t.outcome(time)).toMatchObject({ state: AttemptState.SUCCEEDED });
  expect(t.looks).toHaveLength(LOOKS_MAX);
});

describe("cancel", () => {
  test("ends the wait, also while it is being looked at", async () => {
    await using t = await startTestRunner();
    await t.replica();
    const looking = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    t.answer = async () => {
      looking.resolve();
      await gate.promise;
      return ready;
    };
    await t.assign();
    await looking.promise;
    t.bus.cancel(KIND, refOf({}));
    expect(await t.outcome()).toMatchObject({ state: AttemptState.CANCELLED });
    gate.resolve();
    await expect.poll(async () => (await t.waits.get(attemptId))?.reportedMs).toBeDefined();
    expect((await t.waits.get(attemptId))?.outcome).toEqual({ state: "cancelled" });
  });

  test("of an attempt without a wait is answered", async () => {
    await using t = await startTestRunner();
    await t.replica();
    t.bus.cancel(KIND, refOf({}));
    expect(await t.outcome()).toMatchObject({ state: AttemptState.CANCELLED });
  });
});

describe("replicas", () => {
  test("two of them look at a wait once at a time", async () => {
    await using t = await startTestRunner();
    let looking = 0;
    let together = 0;
    t.answer = async () => {
      looking += 1;
      together = Math.max(together, looking);
      await new Promise((resolve) => setImmediate(resolve));
      looking -= 1;
      return t.looks.length < 10 ? notYet : ready;
    };
    await t.replica();
    await t.replica();
    await t.assign();
    expect(await t.outcome()).toMatchObject({ state: AttemptState.SUCCEEDED });
    expect(together).toBe(1);
  });

  test("one that is killed in mid-look leaves its wait to the next, when its lease is over", async () => {
    await using t = await startTestRunner();
    const first = await t.replica();
    const looking = Promise.withResolvers<void>();
    t.answer = (_url, signal) => {
      looking.resolve();
      return new Promise((_resolve, reject) =>
        signal.addEventListener("abort", () => reject(new Error("stopped"))),
      );
    };
    await t.assign();
    await looking.promise;
    await first.kill();
    t.answer = () => ready;
    await t.replica();
    t.laterMs = LEASE_MS + 1_000;
    expect(await t.outcome()).toMatchObject({ state: AttemptState.SUCCEEDED });
  });

  test("one that stops gives back what it looks at: the next goes on at once", async () => {
    await using t = await startTestRunner();
    const first = await t.replica();
    const looking = Promise.withResolvers<void>();
    t.answer = (_url, signal) => {
      looking.resolve();
      return new Promise((_resolve, reject) =>
        signal.addEventListener("abort", () => reject(new Error("stopped"))),
      );
    };
    await t.assign();
    await looking.promise;
    await first.runner.stop(5_000);
    t.answer = () => ready;
    await t.replica();
    expect(await t.outcome()).toMatchObject({ state: AttemptState.SUCCEEDED });
  });

  test("one that is killed between an end and its report: another reports it", async () => {
    await using t = await startTestRunner();
    const first = await t.replica();
    t.answer = () => notYet;
    await t.assign();
    await t.bus.updatesStored(2);
    t.bus.answer = () => "failed";
    t.answer = () => ready;
    await expect.poll(async () => (await t.waits.get(attemptId))?.state).toBe("ended");
    await first.kill();
    t.bus.answer = undefined;
    await t.replica();
    t.laterMs = LEASE_MS + 10_000;
    expect(await t.outcome()).toMatchObject({ state: AttemptState.SUCCEEDED });
  });
});

describe("looking after waits", () => {
  test("an outcome is confirmed when the state machine has it", async () => {
    await using t = await startTestRunner();
    const { runner } = await t.replica();
    await t.assign();
    await t.outcome();
    const stateOf = async () => (await t.waits.get(attemptId))?.state;
    await expect.poll(async () => (await t.waits.get(attemptId))?.reportedMs).toBeDefined();
    t.laterMs = 20_000;
    await runner.sweep();
    expect(await stateOf()).toBe("ended"); // still wanted: said again
    t.wanted = () => false;
    t.laterMs = 40_000;
    await runner.sweep();
    expect(await stateOf()).toBe("done");
  });

  test("a wait that nobody wants ends", async () => {
    await using t = await startTestRunner();
    const { runner } = await t.replica();
    t.answer = () => notYet;
    await t.assign();
    t.wanted = () => false;
    t.laterMs = 20_000;
    await runner.sweep();
    expect((await t.waits.get(attemptId))?.outcome).toEqual({ state: "cancelled" });
  });
});
