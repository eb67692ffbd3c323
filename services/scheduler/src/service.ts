// The scheduler's parts, in the order of need.
import path from "node:path";
import { connectBus } from "@chasqui/bus";
import type { Bus } from "@chasqui/bus";
import {
  listenHosts,
  migrateDatabase,
  openDatabase,
  readEnvironmentFile,
  serveGrpc,
} from "@chasqui/chassis";
import type { Life } from "@chasqui/chassis";
import { startClock } from "./clock.ts";
import { startDatabaseTime } from "./database-time.ts";
import { startEvery } from "./every.ts";
import { scheduleService } from "./grpc.ts";
import { createTriggerHandler } from "./handle.ts";
import { createLearner } from "./learner.ts";
import { openInbox } from "./ports/inbox.ts";
import { openStateMachine } from "./ports/state-machine.ts";
import { createRegistry } from "./registry.ts";
import { resay } from "./resay.ts";
import { createSampler } from "./sampling.ts";
import type { Settings } from "./settings.ts";
import { createSettler } from "./settle.ts";
import { forgetSettled } from "./store/ledgers.ts";
import { createTicker } from "./ticker.ts";
import { parseDagApplied } from "./translate.ts";

const NAME = "scheduler";
const POLL_MS = 1_000;
/** Until the state machine has answered once, it is asked this often. */
const FIRST_REFRESH_MS = 2_000;
const FORGET_ROWS_MAX = 10_000;

export async function startScheduler(life: Life<Settings>): Promise<void> {
  const { settings, log, telemetry, health } = life;
  await migrateDatabase({ url: settings.databaseUrl, folder: migrationsFolder() });
  const database = await life.up(
    openDatabase(settings.databaseUrl, {
      connectionsMax: settings.databaseConnectionsMax,
      applicationName: NAME,
    }),
  );
  const { sql } = database;
  const time = await life.up(startDatabaseTime(sql));
  const bus = await life.up(await busPart(life));
  const stateMachine = await life.up(openStateMachine(settings.stateMachine));
  const registry = createRegistry((dagId, problem) =>
    log.error({ dag_id: dagId, problem }, "a schedule cannot be read and will not tick"),
  );
  const { now } = time;
  const common = {
    sql,
    registry,
    stateMachine,
    telemetry,
    log,
    now,
    graceMs: settings.tickGraceMs,
  };
  const sampler = createSampler(settings.tracedRunsPerSecond);
  const settler = await life.up(createSettler(common));
  const inbox = await life.up(
    openInbox({ bus: bus.bus, telemetry, log, onVerdict: settler.verdict }),
  );
  const ticker = createTicker({ ...common, inbox, sampler });
  const learner = createLearner({
    ...common,
    onFiring: (ticks) => ticker.say(ticks),
    onLearned: () => clock?.wake(),
  });
  await learner.load();
  await learner
    .refresh(life.stopping)
    .catch((error: unknown) =>
      log.warn({ error }, "the state machine does not answer yet: known schedules tick meanwhile"),
    );
  const grpcPort = settings.grpcPort;
  const { grpcHost: host } = listenHosts(process.env);
  const services = [scheduleService({ registry, database })];
  await life.up(serveGrpc({ port: grpcPort, host, services, log, telemetry, health }));

  const round = async (): Promise<void> => void (await ticker.tick());
  const nextMs = (): number | undefined => registry.nextMs();
  let clock: ReturnType<typeof startClock> | undefined;
  clock = await life.up(startClock({ log, now, nextMs, round, pollMs: POLL_MS }));
  await life.up(
    startEvery({
      name: "look around",
      everyMs: POLL_MS,
      log,
      async round(signal) {
        await learner.catchUp();
        await resay({ ...common, inbox, settler, sampler, resayMs: settings.resayMs }, signal);
        if (learner.refreshedMs === 0) await learner.refresh(signal);
      },
    }),
  );
  await life.up(
    startEvery({
      name: "refresh",
      everyMs: settings.refreshMs,
      log,
      async round(signal) {
        await learner.refresh(signal);
        await forgetSettled(sql, {
          beforeMs: now() - settings.ledgerKeepMs,
          limit: FORGET_ROWS_MAX,
        });
      },
    }),
  );
  const handler = createTriggerHandler({ ...common, learner, inbox, sampler });
  const events = await bus.bus.consume("scheduler-dag-applied", {
    concurrency: 1,
    handle: ({ data }) => learner.told(parseDagApplied(data)),
  });
  await life.up({ name: "dag events", stop: (deadlineMs) => events.stop(deadlineMs) });
  const triggers = await bus.bus.consume("scheduler-triggers", {
    concurrency: settings.triggersAtOnce,
    ...handler,
  });
  await life.up({ name: "triggers", stop: (deadlineMs) => triggers.stop(deadlineMs) });
  life.status(() => ({
    schedules: registry.all().filter(({ dag }) => dag.timing !== undefined).length,
    unreadable: registry
      .all()
      .flatMap(({ dag, problem }) => (problem === undefined ? [] : [dag.dagId])),
    next_due:
      registry.nextMs() === undefined ? null : new Date(registry.nextMs() ?? 0).toISOString(),
    clock_offset_ms: Math.round(time.offsetMs),
    bus: bus.bus.state,
    triggers_in_flight: triggers.inFlight,
    last_trigger_ms: triggers.lastMessageMs,
  }));
}

async function busPart({ settings, log }: Life<Settings>) {
  const { sources, runners } = readEnvironmentFile(settings.environmentFile);
  const bus: Bus = await connectBus({
    url: settings.natsUrl,
    user: settings.natsUser,
    password: settings.natsPassword,
    service: NAME,
    installation: { sources, runners },
    log,
  });
  await bus.checkTopology({
    durables: ["scheduler-triggers", "scheduler-dag-applied"],
    streams: ["CHASQUI_TRIGGERS", "CHASQUI_EVENTS", "CHASQUI_INBOX"],
  });
  return { name: "bus", bus, stop: () => bus.drain() };
}

/** Beside the bundle in an installation, in this workspace while developing. */
const migrationsFolder = (): string => path.resolve(import.meta.dirname, "../drizzle");
