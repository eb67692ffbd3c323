// The set-up of this service's integration tests: a database, a bus in memory, an outside that answers as it is told.
import { resolve } from "node:path";
import { migrateDatabase, noTelemetry, openDatabase } from "@chasqui/chassis";
import { AttemptState } from "@chasqui/contracts";
import type { AttemptUpdate } from "@chasqui/contracts";
import { jobRunner, startRunner } from "@chasqui/runner";
import type { RunningRunner } from "@chasqui/runner";
import { memoryBus, quietLog } from "@chasqui/runner/testing";
import type { Assign, MemoryBus } from "@chasqui/runner/testing";
import type { Sql } from "postgres";
import { TestPostgres } from "../../../tests/support/index.ts";
import type { Answer } from "./core/wait.ts";
import { postgresWaits } from "./store/waits.ts";
import type { Waits } from "./store/waits.ts";
import { KIND, waitKind } from "./wait-kind.ts";

export const ready: Answer = {
  kind: "response",
  status: 200,
  headers: {},
  body: { ready: true },
  cut: false,
};
export const notYet: Answer = { ...ready, status: 503, body: "starting" };

export interface Replica {
  readonly runner: RunningRunner;
  /** Stops like a process that is killed: nothing more is written or said. */
  kill(): Promise<void>;
}

export interface TestRunner extends AsyncDisposable {
  readonly sql: Sql;
  readonly waits: Waits;
  readonly bus: MemoryBus;
  /** What the outside answers; may wait. */
  answer: (url: string, signal: AbortSignal) => Answer | Promise<Answer>;
  /** URLs that were looked at. */
  readonly looks: string[];
  /** How far the clocks of the replicas are ahead. */
  laterMs: number;
  wanted: () => boolean;
  replica(): Promise<Replica>;
  assign(more?: Partial<Assign> & { readonly with?: object }): Promise<string>;
  outcome(): Promise<AttemptUpdate>;
}

export async function openStore() {
  const database = await TestPostgres.database();
  const folder = resolve(import.meta.dirname, "../drizzle");
  await migrateDatabase({ url: database.url, folder });
  const store = openDatabase(database.url, { connectionsMax: 4, applicationName: "test" });
  return {
    sql: store.sql,
    waits: postgresWaits(store.sql),
    async [Symbol.asyncDispose]() {
      await store.end();
      await database[Symbol.asyncDispose]();
    },
  };
}

export async function startTestRunner(): Promise<TestRunner> {
  const store = await openStore();
  const bus = memoryBus();
  const replicas: Replica[] = [];
  const t: TestRunner = {
    sql: store.sql,
    waits: store.waits,
    bus,
    answer: () => ready,
    looks: [],
    laterMs: 0,
    wanted: () => true,
    async replica() {
      const replica = await startReplica(t);
      replicas.push(replica);
      return replica;
    },
    assign({ with: more = {}, ...assign } = {}) {
      const config = { url: "https://api.example/ready", interval: "100ms", ...more };
      return bus.assign({ kind: KIND, config, ...assign });
    },
    async outcome() {
      for (let count = 1; ; count++) {
        await bus.updatesStored(count);
        const update = bus.updates[count - 1];
        if (update !== undefined && update.state > AttemptState.RUNNING) return update;
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(replicas.map((replica) => replica.kill()));
      await store[Symbol.asyncDispose]();
    },
  };
  return t;
}

async function startReplica(t: TestRunner): Promise<Replica> {
  const now = (): number => Date.now() + t.laterMs;
  let alive = true;
  const publish: MemoryBus["publish"] = async (messages) =>
    alive ? t.bus.publish(messages) : messages.map(() => "failed" as const);
  const dead = (): Promise<never> => Promise.reject(new Error("killed"));
  const waits = new Proxy(t.waits, {
    get(target, key): unknown {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== "function") return value;
      return alive ? value.bind(target) : dead;
    },
  });
  const kind = waitKind({
    waits,
    async ask(config, signal) {
      t.looks.push(config.url);
      return t.answer(config.url, signal);
    },
    fits: async (expectation, answer) => {
      const { bodyFits } = await import("./expect-body.ts");
      return bodyFits(expectation, answer);
    },
    now,
    chance: () => 0,
    restMs: 10,
    longestMs: 3_600_000,
    concurrency: 4,
    log: quietLog,
  });
  const runner = await startRunner({
    service: "sensor-runner",
    kinds: [jobRunner(kind)],
    bus: { ...t.bus, publish },
    claims: { claimAttempt: async () => ({ wanted: t.wanted(), reason: "" }) },
    telemetry: noTelemetry,
    log: quietLog,
    now,
  });
  return {
    runner,
    async kill() {
      alive = false;
      await runner.stop(0);
    },
  };
}
