// The parts of sensor-runner, in the order of need.
import { connectBus } from "@chasqui/bus";
import {
  assetFolder,
  createGrpcClient,
  migrateDatabase,
  openDatabase,
  readEnvironmentFile,
  resolveConnection,
} from "@chasqui/chassis";
import type { EnvironmentFile, Life } from "@chasqui/chassis";
import { RunService, kindDurable } from "@chasqui/contracts";
import { jobRunner, startRunner } from "@chasqui/runner";
import type { Answer, SensorConfig } from "./core/wait.ts";
import { addressPolicy } from "./ports/addresses.ts";
import type { AskHttp } from "./ports/ask-http.ts";
import type { Settings } from "./settings.ts";
import { postgresWaits } from "./store/waits.ts";
import { KIND, waitKind } from "./wait-kind.ts";

const NAME = "sensor-runner";

export async function startService(life: Life<Settings>): Promise<void> {
  const { settings, log, telemetry } = life;
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
  await bus.checkTopology({
    durables: [kindDurable(KIND)],
    streams: ["CHASQUI_TASKS", "CHASQUI_INBOX", "CHASQUI_LOGS"],
  });
  const claims = createGrpcClient(RunService, settings.stateMachine, {
    principal: `service:${NAME}`,
  });
  await life.up({ name: "state machine", stop: () => Promise.resolve(claims.close()) });
  const outside = await life.up(outsideOf(settings, installation));
  const kind = waitKind({
    waits: postgresWaits(database.sql),
    ask: outside.ask,
    fits: outside.fits,
    now: Date.now,
    chance: Math.random,
    restMs: settings.restMs,
    longestMs: settings.longestMs,
    concurrency: settings.submits,
    log,
  });
  const kinds = [jobRunner(kind)];
  const runner = await life.up(startRunner({ service: NAME, kinds, bus, claims, telemetry, log }));
  life.status(() => ({ bus: bus.state, in_flight: runner.inFlight() }));
}

/** The HTTP client and the expression language are loaded with the first wait that needs them. */
function outsideOf(settings: Settings, installation: EnvironmentFile) {
  const allowed = settings.privateAddresses.split(",").map((one) => one.trim());
  const policy = addressPolicy(allowed.filter((one) => one !== ""));
  let asking: Promise<AskHttp> | undefined;
  const open = async (): Promise<AskHttp> => {
    const { askHttp } = await import("./ports/ask-http.ts");
    const connection = (name: string) => resolveConnection(installation, name, process.env);
    return askHttp({ policy, connection });
  };
  return {
    name: "outside",
    async ask(config: SensorConfig, signal: AbortSignal): Promise<Answer> {
      asking ??= open();
      return (await asking).ask(config, signal);
    },
    async fits(expectation: string | undefined, answer: Answer) {
      if (expectation === undefined) return undefined;
      const { bodyFits } = await import("./expect-body.ts");
      return bodyFits(expectation, answer);
    },
    async stop(): Promise<void> {
      await (await asking)?.close();
    },
  };
}
