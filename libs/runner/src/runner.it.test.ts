// Runners on a real nats-server, with the permissions of the bus user that runs them.
import { noTelemetry } from "@chasqui/chassis";
import { AttemptState, FailureClass, subjects } from "@chasqui/contracts";
import { describe, expect, test } from "vitest";
import { OUTCOME_SEQUENCE } from "./core/sequence.ts";
import { json } from "./config/fields.ts";
import { kindConfig } from "./config/kind-config.ts";
import { callRunner } from "./kinds.ts";
import type { CallKind } from "./kinds.ts";
import { startRunner } from "./start-runner.ts";
import { refOf } from "./testing/memory-bus.ts";
import { quietLog } from "./testing/quiet-log.ts";
import { startWorld } from "./testing/world.ts";
import type { World } from "./testing/world.ts";

const KIND = "bench.noop";
type Run = CallKind<unknown>["run"];

async function startReplica(t: World, run: Run, concurrency = 4) {
  const bus = await t.busOf("bench-runner");
  const runner = await startRunner({
    service: "bench-runner",
    kinds: [
      callRunner({
        kind: KIND,
        description: "For tests.",
        ...kindConfig({ value: { ...json(), otherwise: { value: {} } } }),
        concurrency,
        run,
      }),
    ],
    bus,
    claims: t.claims,
    telemetry: noTelemetry,
    log: quietLog,
  });
  t.defer(() => runner.stop(1_000));
  return runner;
}

const succeed: Run = async () => ({ state: "succeeded", output: { done: true } });

describe.each([4, 1_000])("with %d slots", (concurrency) => {
  test("an assignment becomes one update, and leaves the stream", async () => {
    await using t = await startWorld();
    const runner = await startReplica(t, succeed, concurrency);
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    await t.assign({ kind: KIND, traceparent });
    expect(await t.outcome()).toMatchObject({
      state: AttemptState.SUCCEEDED,
      sequence: OUTCOME_SEQUENCE,
      outputJson: '{"done":true}',
    });
    await runner.stop(1_000);
    expect(t.updates).toHaveLength(1);
    // The subject is free again only once the first assignment was acknowledged.
    const subject = subjects.task(KIND, refOf({}).attemptId);
    const another = { subject, data: new Uint8Array(), id: "another" };
    await expect.poll(() => t.bus.publish([another])).toEqual(["stored"]);
  });

  test("many at once: each has its outcome, none has two", async () => {
    await using t = await startWorld();
    const runner = await startReplica(t, succeed, concurrency);
    const attempts = Array.from({ length: 300 }, (_, index) => index + 1);
    await Promise.all(attempts.map((attempt) => t.assign({ kind: KIND, attempt })));
    await Promise.all(attempts.map((attempt) => t.outcome({ attempt })));
    await runner.stop(1_000);
    const outcomes = t.updates.filter(({ state }) => state !== AttemptState.RUNNING); // said of what takes long
    expect(outcomes.map(({ attempt }) => attempt).toSorted((a, b) => a - b)).toEqual(attempts);
  });

  test("work that is given back at the stop is done by the next replica, after a claim", async () => {
    await using t = await startWorld();
    const begun = Promise.withResolvers<void>();
    const first = await startReplica(
      t,
      (_attempt, { signal }) =>
        new Promise((_resolve, reject) => {
          begun.resolve();
          signal.addEventListener("abort", () => reject(new Error(String(signal.reason))));
        }),
      concurrency,
    );
    await t.assign({ kind: KIND });
    await begun.promise;
    await first.stop(100);
    await startReplica(t, succeed, concurrency);
    expect(await t.outcome()).toMatchObject({ state: AttemptState.SUCCEEDED });
    expect(t.claimed.map(({ attempt }) => attempt)).toContain(1);
  });
});

test("what was decided otherwise meanwhile is dropped", async () => {
  await using t = await startWorld();
  t.wanted = ({ taskId }) => taskId !== "old";
  const begun = Promise.withResolvers<void>();
  const first = await startReplica(t, () => {
    begun.resolve();
    return new Promise(() => {});
  });
  await t.assign({ kind: KIND, taskId: "old" });
  await begun.promise;
  await first.stop(50);
  const done: string[] = [];
  await startReplica(t, async ({ taskId }) => {
    done.push(taskId);
    return { state: "succeeded" };
  });
  await t.assign({ kind: KIND, taskId: "new" });
  await t.outcome({ taskId: "new" });
  await expect.poll(() => t.claimed.map(({ taskId }) => taskId)).toContain("old");
  expect(new Set(done)).toEqual(new Set(["new"]));
});

test("a cancel reaches the replica that has the work", async () => {
  await using t = await startWorld();
  const begun = Promise.withResolvers<void>();
  await startReplica(
    t,
    (_attempt, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(new Error("told to stop")));
        begun.resolve();
      }),
  );
  await t.assign({ kind: KIND });
  await begun.promise;
  t.cancel({ kind: KIND });
  expect(await t.outcome()).toMatchObject({ state: AttemptState.CANCELLED });
});

test("a broker that is killed in mid-work costs no outcome", async () => {
  await using t = await startWorld();
  const begun = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  await startReplica(t, async () => {
    begun.resolve();
    await gate.promise;
    return { state: "succeeded" };
  });
  await t.assign({ kind: KIND });
  await begun.promise;
  await t.nats.killAndRestart();
  gate.resolve();
  expect(await t.outcome()).toMatchObject({ state: AttemptState.SUCCEEDED });
});

test("log lines arrive, and a failure brings its last ones", async () => {
  await using t = await startWorld();
  await startReplica(t, async (_attempt, { log }) => {
    log("first");
    log("second");
    throw new Error("boom");
  });
  await t.assign({ kind: KIND });
  const { failure } = await t.outcome();
  expect(failure).toMatchObject({ class: FailureClass.CODE, logTail: ["first", "second"] });
  await expect.poll(() => t.logs.at(-1)?.complete).toBe(true);
  expect(t.logs[0]?.attemptId).toBe(refOf({}).attemptId);
});

test("the kind is announced where everybody finds it", async () => {
  await using t = await startWorld();
  await startReplica(t, succeed);
  expect(await t.bus.listKinds()).toMatchObject([
    { kind: KIND, service: "bench-runner", schema: { type: "object" } },
  ]);
});
