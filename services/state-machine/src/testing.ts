// A state machine for tests: its engines, a real nats-server, a real PostgreSQL, and a runner of a few lines.
import { create, fromBinary } from "@bufbuild/protobuf";
import { connectBus } from "@chasqui/bus";
import type { Bus, OutMessage } from "@chasqui/bus";
import { createLogger, noTelemetry } from "@chasqui/chassis";
import {
  AssignmentSchema,
  AttemptState,
  DagSpecSchema,
  RunSettledSchema,
  kindDurable,
  updateIdOf,
} from "@chasqui/contracts";
import type { Assignment, DagSpec } from "@chasqui/contracts";
import { fingerprintOf } from "@chasqui/dag";
import { expect } from "vitest";
import { TestNats, replayAll } from "../../../tests/support/index.ts";
import { startEngine } from "./parts.ts";
import { inboxMessage } from "./say/messages.ts";
import { testStore } from "./store/testing.ts";
import { openVersions } from "./store/versions.ts";

const installation = { sources: [], runners: { tester: ["test.task"] } };
const log = createLogger({ service: "test", env: { CHASQUI_LOG_LEVEL: "fatal" } });

export function dagOf(
  tasks: Record<string, string[]>,
  extra: { maxActiveRuns?: number } = {},
): DagSpec {
  return create(DagSpecSchema, {
    id: "diamond",
    maxActiveRuns: 100,
    ...extra,
    tasks: Object.entries(tasks).map(([id, needs]) => ({ id, needs, uses: "test.task" })),
  });
}

/** Makes the specifications current, once they are stored. */
export function applied(
  specs: readonly DagSpec[],
  id: string,
  extra: { replyTo?: string } = {},
): OutMessage {
  const changes = specs.map((spec) => ({ dagId: spec.id, fingerprint: fingerprintOf(spec) }));
  const value = { changes, by: "test", note: "" };
  return inboxMessage("dag", id, id, { case: "changeDags", value }, extra);
}

/**
 * Resolves when an engine has committed it. Whoever starts a run earlier races with it: of two replicas one may
 * decide the start while the other still commits the DAG.
 */
async function apply(bus: Bus, spec: DagSpec): Promise<{ committed: Promise<void> }> {
  const replyTo = bus.inbox();
  const committed = new Promise<void>((resolve) => bus.subscribePlain(replyTo, () => resolve()));
  await bus.publishOne(applied([spec], `apply-${spec.id}-${fingerprintOf(spec)}`, { replyTo }));
  return { committed };
}

/** A bus that takes some messages for stored and loses them. */
function losing(bus: Bus, loses: (message: OutMessage) => boolean): Bus {
  const store = bus.publish.bind(bus);
  const publish: Bus["publish"] = async (messages) => {
    const kept = messages.map((message) => !loses(message));
    const outcomes = await store(messages.filter((_, index) => kept[index]));
    return kept.map((isKept) => (isKept ? (outcomes.shift() ?? "failed") : "stored"));
  };
  return Object.assign(bus, { publish });
}

export async function setup(
  spec = dagOf({ a: [], b: ["a"], c: ["a"], d: ["b", "c"] }),
  options: { unheardMs?: number; versionsMax?: number } = {},
) {
  const stack = new AsyncDisposableStack();
  const nats = stack.use(
    await TestNats.start({ topology: { installation, adminPassword: "any" } }),
  );
  const { database: db, url } = stack.use(await testStore({ connectionsMax: 4 }));
  const connect = async (): Promise<Bus> => {
    const bus = await connectBus({
      url: nats.url,
      user: "test",
      password: "any",
      service: "test",
      installation,
    });
    stack.defer(() => bus.drain());
    return bus;
  };
  const bus = await connect();
  const versions = openVersions(db.sql, {});
  const settings = {
    environment: "local" as const,
    cachedTasksMax: 10_000,
    batchMax: 100,
    unheardMs: 60_000,
    tracedRunsPerSecond: 0,
    ...options,
  };
  /** `loses`: what these engines say and never arrives. */
  const engines = async (n: number, loses: (message: OutMessage) => boolean = () => false) => {
    for (let i = 0; i < n; i++) {
      const engine = await startEngine({
        sql: db.sql,
        bus: losing(await connect(), loses),
        versions: openVersions(db.sql, {}, { cachedMax: options.versionsMax ?? 100 }),
        telemetry: noTelemetry,
        log,
        vars: {},
        settings,
      });
      stack.defer(() => engine.stop(5_000));
    }
    await committed;
  };
  await versions.put([spec]);
  const { committed } = await apply(bus, spec);
  return {
    stack,
    nats,
    bus,
    sql: db.sql,
    databaseUrl: url,
    versions,
    engines,
    spec,
    apply: async (other: DagSpec) => {
      await versions.put([other]);
      return apply(bus, other);
    },
    cancel: (runId: string) => {
      const value = { runId, by: "test", reason: "enough" };
      return inboxMessage("run", runId, `cancel-${runId}`, { case: "cancelRun", value });
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
export type World = Awaited<ReturnType<typeof setup>>;

export const start = (spec: DagSpec, key: string, copy = 0, params: object = {}) => {
  const paramsJson = JSON.stringify(params);
  const value = { dagId: spec.id, key, logicalMs: 1_000, causeKind: 3, by: "test", paramsJson };
  return inboxMessage("dag", spec.id, `start-${key}-${copy}`, { case: "startRun", value });
};

export function report(a: Assignment, state: AttemptState, sequence = 1) {
  const { attemptId, runId, taskId, mapIndex, attempt } = a;
  const value = {
    attemptId,
    runId,
    taskId,
    mapIndex,
    attempt,
    sequence,
    state,
    acceptedMs: 1,
    startedMs: 2,
    endedMs: 3,
  };
  return inboxMessage("update", runId, updateIdOf(attemptId, sequence), { case: "update", value });
}

/**
 * Takes assignments and says what `answer` makes of them, each a message of its own, in this order and before anything
 * that the first of them causes. Counts how often each attempt was assigned.
 */
export async function runner(world: World, answer: (a: Assignment) => ReturnType<typeof report>[]) {
  const seen = new Map<string, number>();
  const consuming = await world.bus.consume(kindDurable("test.task"), {
    concurrency: 16,
    async handle(delivery) {
      const assignment = fromBinary(AssignmentSchema, delivery.data);
      seen.set(assignment.attemptId, (seen.get(assignment.attemptId) ?? 0) + 1);
      await Promise.all(answer(assignment).map((message) => world.bus.publish([message])));
    },
  });
  world.stack.defer(() => consuming.stop(1_000));
  return seen;
}

/** Resolves when so many runs have settled; the states by run. */
export function settled(world: World, count: number): Promise<Map<string, number>> {
  const states = new Map<string, number>();
  return new Promise((resolve) => {
    world.bus.subscribePlain("chasqui.event.run-settled.>", (data) => {
      const event = fromBinary(RunSettledSchema, data);
      states.set(event.run?.runId ?? "", event.state);
      if (states.size === count) resolve(states);
    });
  });
}

export const succeed = (a: Assignment) => [report(a, AttemptState.SUCCEEDED)];

/** R8, on what really happened; and the trace that a history gives is whole. */
export async function expectRowsEqualHistory({ databaseUrl }: World): Promise<void> {
  const { runs, differences, traceFaults } = await replayAll(databaseUrl);
  expect(runs).toBeGreaterThan(0);
  expect({ differences, traceFaults }).toEqual({ differences: [], traceFaults: [] });
}
