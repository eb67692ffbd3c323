// The parts of sensor-runner, in the order of need.
import { connectBus } from "@chasqui/bus";
import {
  answerConnectionTests,
  assetFolder,
  collectGarbageWhenIdle,
  createGrpcClient,
  migrateDatabase,
  openDatabase,
  readEnvironmentFile,
} from "@chasqui/chassis";
import type { Life } from "@chasqui/chassis";
import { DagService, RunService, kindDurable } from "@chasqui/contracts";
import { jobRunner, startRunner } from "@chasqui/runner";
import { addressPolicy } from "./ports/addresses.ts";
import { connectionsOf } from "./ports/connections.ts";
import { sensorsOf } from "./sensors.ts";
import type { Settings } from "./settings.ts";
import { postgresWaits } from "./store/waits.ts";
import { lookersOf } from "./take-look.ts";
import { Topics } from "./topics.ts";
import { subscriptions } from "./subscriptions.ts";
import { connectionTries } from "./try-connections.ts";
import { waitKind } from "./wait-kind.ts";
import { WaitWatch } from "./wait-watch.ts";

const NAME = "sensor-runner";
const STREAMS = ["CHASQUI_TASKS", "CHASQUI_INBOX", "CHASQUI_LOGS", "CHASQUI_TRIGGERS"] as const;

export async function startService(life: Life<Settings>): Promise<void> {
  const { settings, log, telemetry } = life;
  const now = Date.now;
  const installation = await readEnvironmentFile(settings.environmentFile);
  const url = settings.databaseUrl;
  await migrateDatabase({ url, folder: assetFolder(import.meta.dirname, "drizzle") });
  const connectionsMax = settings.databaseConnectionsMax;
  const database = await life.up(openDatabase(url, { connectionsMax, applicationName: NAME }));
  const bus = await connectBus({
    url: settings.natsUrl,
    user: settings.natsUser,
    password: settings.natsPassword,
    service: NAME,
    installation,
    log,
  });
  await life.up({ name: "bus", stop: () => bus.drain() });
  const asked = { principal: `service:${NAME}` };
  const runs = createGrpcClient(RunService, settings.stateMachine, asked);
  const dags = createGrpcClient(DagService, settings.stateMachine, asked);
  const closeClients = async (): Promise<void> => [runs, dags].forEach((client) => client.close());
  await life.up({ name: "state machine", stop: closeClients });
  const policy = addressPolicy(settings.privateAddresses);
  const connections = connectionsOf(installation, process.env);
  const sensors = sensorsOf({ policy, connections, stateMachine: { runs, dags }, bus });
  const durables = [...sensors.keys()].map(kindDurable);
  await bus.ensureTopology({ durables, streams: STREAMS, buckets: ["CHASQUI_KINDS"] }, life);
  const lookers = await life.up(lookersOf(sensors, { now }));
  const waits = postgresWaits(database.sql);
  const { restMs, longestMs, submits: concurrency } = settings;
  const watch = new WaitWatch({ waits, sensors, takeLook: lookers.takeLook, now, restMs, log });
  const nudged = (): void => watch.nudge();
  const subscribe = subscriptions(bus);
  const topics = await life.up(new Topics({ waits, subscribe, nudged, now, log }));
  bus.onReconnect(() => topics.wasDeaf());
  const listen = topics.listen.bind(topics);
  const kinds = [...sensors.values()].map((sensor) =>
    jobRunner(waitKind(sensor, { waits, watch, listen, now, concurrency, longestMs })),
  );
  const runner = await life.up(
    startRunner({ service: NAME, kinds, bus, claims: runs, telemetry, log }),
  );
  const tries = connectionTries({ policy, connections });
  await life.up(answerConnectionTests({ service: NAME, bus, environment: installation, tries }));
  // Thousands of waits are looked at all the time: it is never idle, and a look may well be 50 ms later.
  const letGarbageBe = collectGarbageWhenIdle({ utilization: () => 0 });
  await life.up({ name: "memory", stop: async () => letGarbageBe() });
  life.status(() => ({
    bus: bus.state,
    in_flight: runner.inFlight(),
    looks: watch.inHand,
    topics: topics.size,
  }));
}
