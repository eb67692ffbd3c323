// The set-up of this service's integration tests: a database, a bus in memory, an outside that answers as it is told.
import { noTelemetry, openDatabase } from "@chasqui/chassis";
import { AttemptState } from "@chasqui/contracts";
import type { AttemptUpdate } from "@chasqui/contracts";
import { jobRunner, startRunner } from "@chasqui/runner";
import type { RunningRunner } from "@chasqui/runner";
import { memoryBus, quietLog, refOf } from "@chasqui/runner/testing";
import type { Assign, MemoryBus } from "@chasqui/runner/testing";
import type { Sql } from "postgres";
import { TestPostgres, migrated } from "../../../../tests/support/index.ts";
import type { Seen } from "../core/wait.ts";
import { httpSensor } from "../kinds/http.ts";
import { sensorKind } from "../kinds/kind.ts";
import { timeSensor } from "../kinds/time.ts";
import { postgresWaits } from "../store/waits.ts";
import type { Waits } from "../store/waits.ts";
import { lookersOf } from "../take-look.ts";
import { waitKind } from "../wait-kind.ts";
import { WaitWatch } from "../wait-watch.ts";

export const KIND = "sensor.http";
export const ready: Seen = { is: "there", note: "answered 200", output: { ready: true } };
export const notYet: Seen = { is: "not_yet", note: "answered 503", evidence: { status: 503 } };

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
  answer: (url: string, signal: AbortSignal) => Seen | Promise<Seen>;
  /** URLs that were looked at. */
  readonly looks: string[];
  /** How far the clocks of the replicas are ahead. */
  laterMs: number;
  wanted: () => boolean;
  replica(): Promise<Replica>;
  assign(more?: Partial<Assign> & { readonly with?: object }): Promise<string>;
  outcome(assigned?: Pick<Assign, "attempt">): Promise<AttemptUpdate>;
}

export async function openStore() {
  const database = await TestPostgres.database({ template: migrated("sensor-runner") });
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
    async outcome(assigned = {}) {
      const { attemptId } = refOf(assigned);
      for (let count = 1; ; count++) {
        await bus.updatesStored(count);
        const update = bus.updates[count - 1];
        if (update?.attemptId === attemptId && update.state > AttemptState.RUNNING) return update;
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
  const http = sensorKind(
    httpSensor(async () => ({
      async look({ url }, { signal }) {
        t.looks.push(url);
        return t.answer(url, signal);
      },
      close: async () => {},
    })),
  );
  const all = [http, sensorKind(timeSensor)];
  const sensors = new Map(all.map((sensor) => [sensor.kind, sensor]));
  const { takeLook } = lookersOf(sensors, { now });
  const watch = new WaitWatch({ waits, sensors, takeLook, now, restMs: 10, log: quietLog });
  const listen = (): void => undefined; // these kinds have no topics
  const options = { waits, watch, listen, now, concurrency: 4, longestMs: 3_600_000 };
  const runner = await startRunner({
    service: "sensor-runner",
    kinds: all.map((sensor) => jobRunner(waitKind(sensor, options))),
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
