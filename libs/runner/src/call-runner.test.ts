// A call runner against a bus in memory: what it says, when it acks, what it does about cancels and time.
import { noTelemetry } from "@chasqui/chassis";
import { AttemptState, FailureClass } from "@chasqui/contracts";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { TaskFailure } from "./attempt.ts";
import type { Attempt, Outcome } from "./attempt.ts";
import type { CallContext } from "./context.ts";
import { OUTCOME_SEQUENCE, RUNNING_SEQUENCE } from "./core/sequence.ts";
import { integer, withDefault } from "./config/fields.ts";
import { kindConfig } from "./config/kind-config.ts";
import { DEAF_MS } from "./in-hand.ts";
import { callRunner } from "./kinds.ts";
import type { RunnerTelemetry } from "./ports.ts";
import { startRunner } from "./start-runner.ts";
import { memoryBus, refOf } from "./testing/memory-bus.ts";
import { quietLog } from "./testing/quiet-log.ts";

const FAKED = ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"] as const;
beforeEach(() => vi.useFakeTimers({ toFake: [...FAKED] }));
afterEach(() => vi.useRealTimers());

type Work = (attempt: Attempt<{ n: number }>, context: CallContext) => Promise<Outcome>;
type Spans = Parameters<RunnerTelemetry["emitSpan"]>[0][];

const KIND = "tests.call";

async function setup(run: Work, options: { concurrency?: number; wanted?: () => boolean } = {}) {
  const bus = memoryBus();
  const spans: Spans = [];
  const claimed: string[] = [];
  const claims = {
    answer: async (): Promise<{ wanted: boolean; reason: string }> => ({
      wanted: options.wanted?.() ?? true,
      reason: "",
    }),
  };
  const runner = await startRunner({
    service: "tests",
    kinds: [
      callRunner({
        kind: KIND,
        description: "For tests.",
        ...kindConfig({ n: withDefault(integer({ min: 0, max: 9 }), 0) }),
        concurrency: options.concurrency ?? 4,
        run,
      }),
    ],
    bus,
    claims: {
      claimAttempt(request) {
        claimed.push(request.taskId);
        return claims.answer();
      },
    },
    telemetry: { ...noTelemetry, enabled: true, emitSpan: (span) => void spans.push(span) },
    log: quietLog,
  });
  return { bus, runner, spans, claims, claimed };
}

const succeed: Work = async () => ({ state: "succeeded" });
/** Resolves when the context's signal fires, with its reason. */
const untilAborted = (context: CallContext): Promise<string> =>
  new Promise((resolve) =>
    context.signal.addEventListener("abort", () => resolve(String(context.signal.reason))),
  );
const NO_TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
const TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

describe.each([{ concurrency: 4 }, { concurrency: 1_000 }])("with $concurrency slots", (slots) => {
  test("short work says one thing, with all three times, then its assignment is acked", async () => {
    vi.setSystemTime(5_000);
    const { bus } = await setup(async ({ config }) => {
      vi.setSystemTime(5_020);
      return { state: "succeeded", output: { got: config.n } };
    }, slots);
    expect(await bus.assign({ kind: KIND, config: { n: 7 } })).toBe("acked");
    expect(bus.updates).toHaveLength(1);
    const { traceparent: _none, ...ref } = refOf({});
    expect(bus.updates[0]).toMatchObject({
      ...ref,
      state: AttemptState.SUCCEEDED,
      sequence: OUTCOME_SEQUENCE,
      acceptedMs: 5_000,
      startedMs: 5_000,
      endedMs: 5_020,
      outputJson: '{"got":7}',
    });
    expect(bus.updateMessages[0]?.id).toBe(`${refOf({}).attemptId}:u${OUTCOME_SEQUENCE}`);
    expect(bus.logs).toEqual([]);
  });

  test("what is not an assignment goes to the dead letters", async () => {
    const { bus } = await setup(succeed, slots);
    const settled = await bus.assign({ kind: KIND, data: new Uint8Array([1, 2, 3]) });
    expect(settled).toMatch(/^dead: 3 bytes are no chasqui.task.v1.Assignment/);
    expect(bus.updates).toEqual([]);
  });

  test("an assignment is not acked while its outcome is not stored", async () => {
    const { bus } = await setup(succeed, slots);
    const outcomes: string[] = [];
    bus.answer = ({ id = "" }) => {
      if (!id.endsWith(`:u${OUTCOME_SEQUENCE}`)) return undefined;
      return outcomes.push(id) < 3 ? "failed" : undefined;
    };
    const state = { settled: false };
    const settled = bus.assign({ kind: KIND }).finally(() => (state.settled = true));
    await vi.waitFor(() => expect(outcomes).toHaveLength(2));
    expect(state.settled).toBe(false);
    await vi.waitFor(() => expect(outcomes).toHaveLength(3));
    expect(await settled).toBe("acked");
    expect(new Set(outcomes).size).toBe(1);
  });

  test("stop waits for work in hand", async () => {
    const gate = Promise.withResolvers<Outcome>();
    const begun = Promise.withResolvers<void>();
    const { bus, runner } = await setup(async () => {
      begun.resolve();
      return gate.promise;
    }, slots);
    const settled = bus.assign({ kind: KIND });
    await begun.promise;
    const stopped = runner.stop(10_000);
    gate.resolve({ state: "succeeded" });
    expect(await settled).toBe("acked");
    await stopped;
  });
});

test("past the stop deadline work is aborted and given back, and says nothing", async () => {
  const begun = Promise.withResolvers<void>();
  const { bus, runner } = await setup(
    async (_attempt, context) => {
      const aborted = untilAborted(context);
      begun.resolve();
      throw new Error(await aborted);
    },
    { concurrency: 1_000 },
  );
  const settled = bus.assign({ kind: KIND });
  await begun.promise;
  const stopped = runner.stop(1_000);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await settled).toBe("retry in 0");
  await stopped;
  expect(bus.updates.map(({ sequence }) => sequence)).not.toContain(OUTCOME_SEQUENCE);
});

test("results of one turn go out as one publish", async () => {
  const { bus } = await setup(succeed, { concurrency: 1_000 });
  const attempts = Array.from({ length: 100 }, (_, index) => index + 1);
  await Promise.all(attempts.map((attempt) => bus.assign({ kind: KIND, attempt })));
  expect(bus.updates).toHaveLength(100);
  expect(bus.publishes.length).toBeLessThan(5);
});

test("work of more than 100 ms says running first, once, then its outcome", async () => {
  vi.setSystemTime(5_000);
  const { bus } = await setup(async (_attempt, context) => {
    await vi.advanceTimersByTimeAsync(300);
    context.log("done");
    return { state: "succeeded" };
  });
  await bus.assign({ kind: KIND });
  expect(bus.updates.map(({ state, sequence }) => [state, sequence])).toEqual([
    [AttemptState.RUNNING, RUNNING_SEQUENCE],
    [AttemptState.SUCCEEDED, OUTCOME_SEQUENCE],
  ]);
  expect(bus.updates[0]).toMatchObject({ acceptedMs: 5_000, startedMs: 5_000, endedMs: 0 });
});

test("work that has ended says its outcome alone, however long that takes to be stored", async () => {
  const { bus } = await setup(succeed);
  let refusals = 4;
  bus.answer = () => (refusals-- > 0 ? "failed" : undefined);
  const settled = bus.assign({ kind: KIND });
  await vi.advanceTimersByTimeAsync(5_000);
  expect(await settled).toBe("acked");
  expect(bus.updates.map(({ state }) => state)).toEqual([AttemptState.SUCCEEDED]);
  expect(bus.publishes).toHaveLength(5);
});

test("a link and progress are said, and the outcome keeps the link", async () => {
  const { bus } = await setup(async (_attempt, context) => {
    context.link("https://jobs.example/7");
    context.progress();
    return { state: "succeeded" };
  });
  await bus.assign({ kind: KIND });
  expect(bus.updates.map(({ sequence, link }) => [sequence, link])).toEqual([
    [RUNNING_SEQUENCE, "https://jobs.example/7"],
    [RUNNING_SEQUENCE + 1, "https://jobs.example/7"],
    [OUTCOME_SEQUENCE, "https://jobs.example/7"],
  ]);
});

test("log lines are sent to their end before the outcome, which brings the last ones", async () => {
  const { bus } = await setup(async (_attempt, context) => {
    for (let n = 1; n <= 30; n++) context.log(`line ${n}`);
    throw new Error("boom");
  });
  await bus.assign({ kind: KIND });
  expect(bus.logs).toHaveLength(1);
  expect(bus.logs[0]).toMatchObject({ complete: true, attempt: 1 });
  expect(bus.logs[0]?.lines).toHaveLength(30);
  const failure = bus.updates[0]?.failure;
  expect(failure).toMatchObject({ class: FailureClass.CODE, message: "Error: boom" });
  expect(failure?.logTail).toHaveLength(20);
  expect(failure?.logTail.at(-1)).toBe("line 30");
});

test("a TaskFailure keeps its class and evidence", async () => {
  const { bus } = await setup(async () => {
    throw new TaskFailure({ class: "upstream", message: "503", evidence: { status: 503 } });
  });
  await bus.assign({ kind: KIND });
  expect(bus.updates[0]?.failure).toMatchObject({
    class: FailureClass.UPSTREAM,
    message: "503",
    evidence: { status: 503 },
    permanent: false,
  });
});

test("a configuration that does not fit fails the attempt for good, unbegun", async () => {
  const { bus } = await setup(async () => {
    throw new Error("must not begin");
  });
  expect(await bus.assign({ kind: KIND, config: { n: 12 } })).toBe("acked");
  expect(bus.updates[0]?.failure).toMatchObject({
    class: FailureClass.CONFIG,
    message:
      "the configuration of task work does not fit tests.call: `n` is 12: want an integer in 0..9",
    neverStarted: true,
    permanent: true,
  });
});

describe("claims", () => {
  test("a young first delivery asks nobody; an old or repeated one asks", async () => {
    const { bus, claimed } = await setup(succeed);
    await bus.assign({ kind: KIND, taskId: "young" });
    await bus.assign({ kind: KIND, taskId: "old", ageMs: 10_000 });
    await bus.assign({ kind: KIND, taskId: "again", deliveryCount: 2 });
    await bus.assign({ kind: KIND, taskId: "said late", decidedMsAgo: 10_000 });
    expect(claimed).toEqual(["old", "again", "said late"]);
  });

  test("what is not wanted is acked and dropped", async () => {
    const { bus } = await setup(succeed, { wanted: () => false });
    expect(await bus.assign({ kind: KIND, deliveryCount: 2 })).toBe("acked");
    expect(bus.updates).toEqual([]);
  });

  test("a cancel for what was dropped is answered: nobody runs it", async () => {
    const { bus } = await setup(succeed, { wanted: () => false });
    await bus.assign({ kind: KIND, deliveryCount: 2 });
    bus.cancel(KIND, refOf({}));
    await bus.updatesStored(1);
    expect(bus.updates[0]?.state).toBe(AttemptState.CANCELLED);
  });

  test("while the state machine is away, work is held, neither begun nor given back", async () => {
    const { bus, claims, claimed } = await setup(succeed);
    claims.answer = async () => {
      if (claimed.length < 4) throw new Error("14 UNAVAILABLE");
      return { wanted: true, reason: "" };
    };
    const settled = bus.assign({ kind: KIND, deliveryCount: 2 });
    await vi.advanceTimersByTimeAsync(250 + 500 + 1_000);
    expect(claimed).toHaveLength(4);
    expect(await settled).toBe("acked");
    expect(bus.updates).toHaveLength(1);
  });

  test("the fourth delivery is not begun but reported lost", async () => {
    let begun = 0;
    const { bus } = await setup(async () => {
      begun += 1;
      return { state: "succeeded" };
    });
    await bus.assign({ kind: KIND, deliveryCount: 3 });
    await bus.assign({ kind: KIND, deliveryCount: 4, attempt: 2 });
    expect(begun).toBe(1);
    expect(bus.updates[1]?.failure).toMatchObject({ class: FailureClass.LOST });
  });
});

describe("cancels", () => {
  test("the work is told, and cancelled is said when it has returned", async () => {
    const begun = Promise.withResolvers<void>();
    const { bus } = await setup(async (_attempt, context) => {
      const aborted = untilAborted(context);
      begun.resolve();
      throw new Error(await aborted);
    });
    const settled = bus.assign({ kind: KIND });
    await begun.promise;
    bus.cancel(KIND, refOf({}));
    expect(await settled).toBe("acked");
    expect(bus.updates.map(({ state }) => state)).toEqual([AttemptState.CANCELLED]);
  });

  test("success that came first stands", async () => {
    const begun = Promise.withResolvers<void>();
    const { bus } = await setup(async (_attempt, context) => {
      const aborted = untilAborted(context);
      begun.resolve();
      await aborted;
      return { state: "succeeded" };
    });
    const settled = bus.assign({ kind: KIND });
    await begun.promise;
    bus.cancel(KIND, refOf({}));
    await settled;
    expect(bus.updates[0]?.state).toBe(AttemptState.SUCCEEDED);
  });

  test("what was cancelled before it arrived does not begin", async () => {
    const { bus } = await setup(async () => {
      throw new Error("must not begin");
    });
    bus.cancel(KIND, refOf({}));
    expect(await bus.assign({ kind: KIND })).toBe("acked");
    expect(bus.updates.map(({ state }) => state)).toEqual([AttemptState.CANCELLED]);
  });
});

describe("timeouts", () => {
  test("the work is told at its timeout", async () => {
    const { bus } = await setup(async (_attempt, context) => {
      const aborted = untilAborted(context);
      await vi.advanceTimersByTimeAsync(2_100);
      throw new Error(await aborted);
    });
    await bus.assign({ kind: KIND, timeoutMs: 2_000 });
    expect(bus.updates.at(-1)?.failure).toMatchObject({
      class: FailureClass.TIMEOUT,
      message: "took longer than its timeout of 2000 ms",
      evidence: { said: "Error: Error: the timeout of 2000 ms is over" },
    });
  });

  test("work that does not listen is left behind", async () => {
    const { bus } = await setup(() => new Promise(() => {}));
    const settled = bus.assign({ kind: KIND, timeoutMs: 2_000 });
    await vi.advanceTimersByTimeAsync(2_000 + DEAF_MS + 100);
    expect(await settled).toBe("acked");
    expect(bus.updates.at(-1)?.failure?.message).toMatch(/did not stop when told to/);
  });
});

describe("traces", () => {
  test("assignment → process → publish → what the state machine does with it", async () => {
    const { bus, spans } = await setup(succeed);
    await bus.assign({ kind: KIND, traceparent: TRACE });
    const [publish, process] = spans;
    expect(process).toMatchObject({
      name: "process chasqui.task.tests_call.{attempt}",
      kind: "consumer",
      parentSpanId: "b7ad6b7169203331",
    });
    expect(publish).toMatchObject({
      name: "publish chasqui.inbox.update",
      kind: "producer",
      parentSpanId: process?.spanId,
    });
    expect(bus.updateMessages[0]?.traceparent).toBe(
      `00-0af7651916cd43dd8448eb211c80319c-${publish?.spanId}-01`,
    );
  });

  test("a run that is not sampled writes no span, and its trace goes on", async () => {
    const { bus, spans } = await setup(succeed);
    await bus.assign({ kind: KIND, traceparent: NO_TRACE });
    expect(spans).toEqual([]);
    expect(bus.updateMessages[0]?.traceparent).toBe(NO_TRACE);
  });
});

test("kinds are announced, attempts in hand are in the inventory", async () => {
  const gate = Promise.withResolvers<Outcome>();
  const { bus } = await setup(() => gate.promise);
  const settled = bus.assign({ kind: KIND });
  await vi.advanceTimersByTimeAsync(30_000);
  gate.resolve({ state: "skipped", reason: "nothing to do" });
  await settled;
  await vi.advanceTimersByTimeAsync(30_000);
  expect(bus.kinds).toMatchObject([{ kind: KIND, service: "tests", schema: { type: "object" } }]);
  expect(bus.inventories.map(({ kind, attemptIds }) => [kind, attemptIds])).toEqual([
    [KIND, [refOf({}).attemptId]],
    [KIND, []],
  ]);
  expect(bus.updates.at(-1)).toMatchObject({
    state: AttemptState.SKIPPED,
    reason: "nothing to do",
  });
});
