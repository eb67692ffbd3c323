// A job runner against a bus and an outside in memory.
import { noTelemetry } from "@chasqui/chassis";
import { AttemptState, FailureClass } from "@chasqui/contracts";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { TaskFailure } from "./attempt.ts";
import type { AttemptRef } from "./attempt.ts";
import { ACCEPTED_SEQUENCE, OUTCOME_SEQUENCE, RUNNING_SEQUENCE } from "./core/sequence.ts";
import { RETAIN_MS } from "./core/sweep.ts";
import type { HeldJob } from "./core/sweep.ts";
import { json } from "./config/fields.ts";
import { kindConfig } from "./config/kind-config.ts";
import { jobRunner } from "./kinds.ts";
import type { JobKind, JobReports } from "./kinds.ts";
import type { RunnerTelemetry } from "./ports.ts";
import { startRunner } from "./start-runner.ts";
import { memoryBus, refOf } from "./testing/memory-bus.ts";
import { quietLog } from "./testing/quiet-log.ts";

const toFake = ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"] as const;
beforeEach(() => vi.useFakeTimers({ toFake: [...toFake], now: 1_000_000 }));
afterEach(() => vi.useRealTimers());

const KIND = "tests.job";
const TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/** Jobs outside: a map, and a hook before each creation. */
function outside() {
  const jobs = new Map<string, { ref: AttemptRef; createdMs: number; state: HeldJob["state"] }>();
  const said: string[] = [];
  let reports: JobReports | undefined;
  const kind: JobKind<unknown> = {
    kind: KIND,
    description: "For tests.",
    ...kindConfig({ any: { ...json(), otherwise: { value: {} } } }),
    concurrency: 4,
    async submit(attempt, { again }) {
      await world.beforeCreate?.();
      world.again.push(again);
      const { attemptId, runId, taskId, mapIndex, attempt: number, traceparent } = attempt;
      const ref = { attemptId, runId, taskId, mapIndex, attempt: number, traceparent };
      if (jobs.has(attemptId)) said.push("created twice");
      else jobs.set(attemptId, { ref, createdMs: Date.now(), state: { is: "active" } });
      return { link: `https://jobs.example/${number}` };
    },
    async watch(given) {
      reports = given;
      return { name: "watch", stop: async () => {} };
    },
    async list() {
      return [...jobs.entries()].map(([attemptId, job]) => ({ attemptId, ...job }));
    },
    async cancel(ref) {
      said.push("cancel");
      const job = jobs.get(ref.attemptId);
      if (job === undefined) return "absent";
      return job.state.is === "active" ? "ending" : "ended";
    },
    async report(attemptId) {
      said.push("report");
      const job = jobs.get(attemptId);
      if (job === undefined) return;
      await reports?.outcome(job.ref, { state: "succeeded" }, { endedMs: Date.now() });
      job.state = { is: "ended", reportedMs: Date.now() };
    },
    async confirm(attemptId) {
      said.push("confirm");
      const job = jobs.get(attemptId);
      if (job !== undefined) job.state = { is: "confirmed", confirmedMs: Date.now() };
    },
    async discard(attemptId) {
      said.push("discard");
      jobs.delete(attemptId);
    },
  };
  const world = {
    jobs,
    again: [] as boolean[],
    said,
    kind,
    beforeCreate: undefined as (() => Promise<void>) | undefined,
    get reports(): JobReports {
      if (reports === undefined) throw new Error("not watching yet");
      return reports;
    },
  };
  return world;
}

async function setup(options: { wanted?: () => boolean } = {}) {
  const bus = memoryBus();
  const world = outside();
  const spans: Parameters<RunnerTelemetry["emitSpan"]>[0][] = [];
  const runner = await startRunner({
    service: "tests",
    kinds: [jobRunner(world.kind)],
    bus,
    claims: { claimAttempt: async () => ({ wanted: options.wanted?.() ?? true, reason: "" }) },
    telemetry: { ...noTelemetry, enabled: true, emitSpan: (span) => void spans.push(span) },
    log: quietLog,
  });
  return { bus, runner, world, spans };
}

describe("assignments", () => {
  test("J1: the job exists and accepted is stored before the ack", async () => {
    const { bus, world } = await setup();
    const tries: string[] = [];
    bus.answer = ({ id = "" }) => (tries.push(id) < 3 ? "failed" : undefined);
    const settled = bus.assign({ kind: KIND });
    await vi.waitFor(() => expect(tries).toHaveLength(3));
    expect(await settled).toBe("acked");
    expect(world.jobs.size).toBe(1);
    expect(bus.updates).toMatchObject([
      {
        state: AttemptState.ACCEPTED,
        sequence: ACCEPTED_SEQUENCE,
        acceptedMs: 1_000_000,
        link: "https://jobs.example/1",
      },
    ]);
  });

  test("an outside that is away gives the message back, later and later", async () => {
    const { bus, world } = await setup();
    world.beforeCreate = () => Promise.reject(new Error("ECONNREFUSED"));
    expect(await bus.assign({ kind: KIND })).toBe("retry in 1000");
    expect(await bus.assign({ kind: KIND, deliveryCount: 4 })).toBe("retry in 8000");
    expect(await bus.assign({ kind: KIND, deliveryCount: 40 })).toBe("retry in 60000");
    expect(bus.updates).toEqual([]);
  });

  test("an outside that refuses for good fails the attempt", async () => {
    const { bus, world } = await setup();
    world.beforeCreate = () =>
      Promise.reject(new TaskFailure({ class: "quota", message: "exceeded", neverStarted: true }));
    expect(await bus.assign({ kind: KIND })).toBe("acked");
    expect(bus.updates[0]?.failure).toMatchObject({
      class: FailureClass.QUOTA,
      neverStarted: true,
    });
  });

  test("redelivered, however often: asked for, and found again by name", async () => {
    const { bus, world } = await setup();
    await bus.assign({ kind: KIND });
    expect(await bus.assign({ kind: KIND, deliveryCount: 9 })).toBe("acked");
    expect(world.jobs.size).toBe(1);
    expect(bus.updates).toHaveLength(1); // accepted again is the same message
  });

  test("whatever made it ask, it is told that the job may be there already", async () => {
    const { bus, world } = await setup();
    const assign = (taskId: string, more: object) => bus.assign({ kind: KIND, taskId, ...more });
    await assign("first", {});
    await assign("again", { deliveryCount: 2 });
    await assign("late", { decidedMsAgo: 10_000 });
    bus.reconnect(); // the store may have been lost, and the assignment said anew
    await assign("anew", { decidedMsAgo: 1 });
    expect(world.again).toEqual([false, true, true, true]);
  });

  test("not wanted any more: acked, nothing created", async () => {
    const { bus, world } = await setup({ wanted: () => false });
    expect(await bus.assign({ kind: KIND, ageMs: 60_000 })).toBe("acked");
    expect(await bus.assign({ kind: KIND, decidedMsAgo: 60_000 })).toBe("acked");
    expect(world.jobs.size).toBe(0);
    expect(bus.updates).toEqual([]);
  });

  test("decided before a gap in the connection: asked for, its cancel may have been missed", async () => {
    const { bus, world } = await setup({ wanted: () => false });
    bus.reconnect();
    await bus.assign({ kind: KIND, taskId: "before", decidedMsAgo: 50 });
    expect(world.jobs.size).toBe(0);
    await bus.assign({ kind: KIND, taskId: "after" });
    expect(world.jobs.size).toBe(1);
  });
});

describe("cancels", () => {
  test("what runs outside is told to end, and nothing is said before it has", async () => {
    const { bus, world } = await setup();
    await bus.assign({ kind: KIND });
    bus.cancel(KIND, refOf({}));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(world.said).toEqual(["cancel"]);
    expect(bus.updates).toHaveLength(1);
    await world.reports.outcome(refOf({}), { state: "cancelled" }, { endedMs: 2_000_000 });
    expect(bus.updates.at(-1)).toMatchObject({
      state: AttemptState.CANCELLED,
      sequence: OUTCOME_SEQUENCE,
    });
  });

  test("J2: nothing outside is believed when it was looked for twice", async () => {
    const { bus, world } = await setup();
    bus.cancel(KIND, refOf({}));
    bus.cancel(KIND, refOf({})); // said again meanwhile
    await vi.advanceTimersByTimeAsync(1_999);
    expect(bus.updates).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    await bus.updatesStored(1);
    expect(world.said).toEqual(["cancel", "cancel"]);
    expect(bus.updates[0]?.state).toBe(AttemptState.CANCELLED);
  });

  test("J2: while another replica may have the assignment, nothing is believed", async () => {
    const { bus, world } = await setup();
    const { attemptId } = refOf({});
    bus.queued.add(attemptId);
    bus.cancel(KIND, refOf({}));
    await vi.advanceTimersByTimeAsync(20_000);
    expect(bus.updates).toEqual([]);
    bus.queued.delete(attemptId);
    await vi.advanceTimersByTimeAsync(4_000);
    await bus.updatesStored(1);
    expect(bus.updates[0]?.state).toBe(AttemptState.CANCELLED);
    expect(world.said.length).toBeGreaterThan(3);
  });

  test("J2: as long as that: then the cancel was said again", async () => {
    const { bus, world } = await setup();
    bus.queued.add(refOf({}).attemptId);
    bus.cancel(KIND, refOf({}));
    await vi.advanceTimersByTimeAsync(120_000);
    const looks = world.said.length;
    await vi.advanceTimersByTimeAsync(120_000);
    expect(world.said).toHaveLength(looks);
    bus.queued.clear();
    bus.cancel(KIND, refOf({}));
    await vi.advanceTimersByTimeAsync(4_000);
    await bus.updatesStored(1);
  });

  test("J2: what this replica gave back itself nobody has for a while", async () => {
    const { bus, world } = await setup();
    world.beforeCreate = () => Promise.reject(new Error("429 Too Many Requests"));
    expect(await bus.assign({ kind: KIND, deliveryCount: 4 })).toBe("retry in 8000");
    bus.queued.add(refOf({}).attemptId);
    bus.cancel(KIND, refOf({}));
    await vi.advanceTimersByTimeAsync(2_000);
    await bus.updatesStored(1);
    expect(bus.updates[0]?.state).toBe(AttemptState.CANCELLED);
  });

  test("J2: a cancel waits for the submit in hand", async () => {
    const { bus, world } = await setup();
    const gate = Promise.withResolvers<void>();
    const creating = Promise.withResolvers<void>();
    world.beforeCreate = () => {
      creating.resolve();
      return gate.promise;
    };
    const settled = bus.assign({ kind: KIND });
    await creating.promise;
    bus.cancel(KIND, refOf({}));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(world.said).toEqual([]);
    gate.resolve();
    await settled;
    await vi.advanceTimersByTimeAsync(0);
    expect(world.said).toEqual(["cancel"]);
    expect(bus.updates.map(({ state }) => state)).toEqual([AttemptState.ACCEPTED]);
  });

  test("J3: cancelled while it asks whether it is wanted, it is not created", async () => {
    const { bus, world } = await setup({
      wanted: () => {
        bus.cancel(KIND, refOf({}));
        return true; // as it was when that was answered
      },
    });
    expect(await bus.assign({ kind: KIND, deliveryCount: 2 })).toBe("acked");
    expect(world.jobs.size).toBe(0);
  });

  test("J3: cancelled before it came, it is not created", async () => {
    const { bus, world } = await setup();
    bus.cancel(KIND, refOf({}));
    expect(await bus.assign({ kind: KIND })).toBe("acked");
    expect(world.jobs.size).toBe(0);
  });

  test("what has ended is reported again", async () => {
    const { bus, world } = await setup();
    await bus.assign({ kind: KIND });
    await world.kind.report(refOf({}).attemptId);
    bus.cancel(KIND, refOf({}));
    await vi.waitFor(() => expect(world.said).toEqual(["report", "cancel", "report"]));
    expect(bus.updates.at(-1)?.state).toBe(AttemptState.SUCCEEDED);
  });
});

describe("looking after what is held", () => {
  test("an outcome is kept until the state machine has it, then 15 minutes more", async () => {
    let wanted = true;
    const { bus, world, runner } = await setup({ wanted: () => wanted });
    await bus.assign({ kind: KIND });
    await world.kind.report(refOf({}).attemptId);
    world.said.length = 0;
    await runner.sweep();
    expect(world.said).toEqual([]); // reported just now
    vi.advanceTimersByTime(10_000);
    await runner.sweep();
    expect(world.said).toEqual(["report"]); // the state machine does not show it: the bus lost it
    wanted = false;
    vi.setSystemTime(Date.now() + 10_000);
    await runner.sweep();
    await runner.sweep();
    expect(world.said).toEqual(["report", "confirm"]);
    vi.setSystemTime(Date.now() + RETAIN_MS);
    await runner.sweep();
    expect(world.said).toEqual(["report", "confirm", "discard"]);
    expect(world.jobs.size).toBe(0);
  });

  test("what nobody wants is ended", async () => {
    const { bus, world, runner } = await setup({ wanted: () => false });
    await bus.assign({ kind: KIND });
    await runner.sweep();
    expect(world.said).toEqual([]); // too young to judge
    vi.setSystemTime(Date.now() + 10_000);
    await runner.sweep();
    expect(world.said).toEqual(["cancel"]);
  });

  test("the inventory shows what is not confirmed; a list that fails shows nothing", async () => {
    const { bus, world, runner } = await setup();
    await bus.assign({ kind: KIND });
    await bus.assign({ kind: KIND, attempt: 2 });
    await world.kind.confirm(refOf({ attempt: 2 }).attemptId);
    await runner.sweep();
    const list = world.kind.list.bind(world.kind);
    world.kind.list = () => Promise.reject(new Error("503"));
    await runner.sweep();
    world.kind.list = list;
    expect(bus.inventories).toMatchObject([
      { service: "tests", kind: KIND, attemptIds: [] }, // at the start
      { service: "tests", kind: KIND, attemptIds: [refOf({}).attemptId] },
    ]);
  });
});

test("running, then the outcome, in the job's own span", async () => {
  const { bus, world, spans } = await setup();
  const ref = refOf({ traceparent: TRACE });
  await bus.assign({ kind: KIND, traceparent: TRACE });
  await world.reports.running(ref, { acceptedMs: 1, startedMs: 2 });
  await world.reports.outcome(
    ref,
    { state: "failed", failure: { class: "evicted", message: "node drained" } },
    { acceptedMs: 1, startedMs: 2, endedMs: 3, logTail: ["last words"] },
  );
  expect(bus.updates.map(({ sequence }) => sequence)).toEqual([
    ACCEPTED_SEQUENCE,
    RUNNING_SEQUENCE,
    OUTCOME_SEQUENCE,
  ]);
  expect(bus.updates.at(-1)?.failure?.logTail).toEqual(["last words"]);
  const job = spans.find((span) => span.name === `run ${KIND}`);
  expect(job).toMatchObject({
    kind: "client",
    parentSpanId: "b7ad6b7169203331",
    startMs: 1,
    endMs: 3,
    error: "evicted: node drained",
  });
  expect(world.reports.traceparentOf(ref)).toContain(job?.spanId);
  const publishes = spans.filter((span) => span.name === "publish chasqui.inbox.update");
  expect(publishes.map((span) => span.parentSpanId === job?.spanId)).toEqual([false, true, true]);
});

test("an outcome said twice writes one span", async () => {
  const { world, spans } = await setup();
  const ref = refOf({ traceparent: TRACE });
  const say = (): Promise<void> => world.reports.outcome(ref, { state: "succeeded" }, {});
  await Promise.all([say(), say()]);
  await say();
  expect(spans.filter((span) => span.name === `run ${KIND}`)).toHaveLength(1);
});
