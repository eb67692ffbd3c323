// The scheduler's parts, in the order of need.
import { existsSync } from "node:fs";
import path from "node:path";
import { connectBus } from "@chasqui/bus";
import type { Bus } from "@chasqui/bus";
import {
  listenHosts,
  migrateDatabase,
  openDatabase,
  readEnvironmentFile,
  serveGrpc,
  steadyPlans,
} from "@chasqui/chassis";
import type { Database, EnvironmentFile, Life, ServiceImplementation } from "@chasqui/chassis";
import { backfillService } from "./backfill-service.ts";
import { startBackfiller } from "./backfiller.ts";
import type { Backfiller, BackfillerOptions } from "./backfiller.ts";
import { startClock } from "./clock.ts";
import type { Clock } from "./clock.ts";
import { createContinuer } from "./continue.ts";
import { startDatabaseTime } from "./database-time.ts";
import type { DatabaseTime } from "./database-time.ts";
import { startEvery } from "./every.ts";
import { scheduleService } from "./grpc.ts";
import { createLearner } from "./learner.ts";
import type { Learner } from "./learner.ts";
import { durables } from "./listen.ts";
import { openInbox } from "./ports/inbox.ts";
import { openStateMachine } from "./ports/state-machine.ts";
import type { StateMachine } from "./ports/state-machine.ts";
import { createRegistry } from "./registry.ts";
import type { Registry } from "./registry.ts";
import { resay } from "./resay.ts";
import { createSampler } from "./sampling.ts";
import type { Settings } from "./settings.ts";
import { createSettler } from "./settle.ts";
import { forgetBackfills } from "./store/backfill-reads.ts";
import { forgetSettled } from "./store/ledgers.ts";
import { createTicker } from "./ticker.ts";
import { startTriggers } from "./trigger-parts.ts";

const NAME = "scheduler";
const POLL_MS = 1_000;
const LEDGER_CONNECTIONS = 2;
const FORGET_ROWS_MAX = 10_000;
const FORGET_BACKFILLS_MAX = 100;

interface Neighbours {
  readonly database: Database;
  /** For what has to be quick: due times and triggers are recorded here. */
  readonly ledgers: Database;
  readonly time: DatabaseTime;
  readonly bus: Bus;
  readonly stateMachine: StateMachine;
  readonly vars: EnvironmentFile["vars"];
}

export async function startScheduler(life: Life<Settings>): Promise<void> {
  const { settings } = life;
  const url = settings.databaseUrl;
  await migrateDatabase({ url, folder: migrationsFolder() });
  const connectionsMax = settings.databaseConnectionsMax;
  const database = await life.up(openDatabase(url, { connectionsMax, applicationName: NAME }));
  const ledgers = await life.up(
    openDatabase(url, {
      connectionsMax: LEDGER_CONNECTIONS,
      applicationName: `${NAME} ledgers`,
      session: steadyPlans,
    }),
  );
  const time = await life.up(startDatabaseTime(database.sql));
  const environment = await readEnvironmentFile(settings.environmentFile);
  const bus = await openBus(life, environment);
  const stateMachine = await life.up(openStateMachine(settings.stateMachine));
  await startWork(life, { database, ledgers, time, bus, stateMachine, vars: environment.vars });
}

async function startWork(life: Life<Settings>, neighbours: Neighbours): Promise<void> {
  const { settings, log, telemetry } = life;
  const { database, ledgers, time, bus, stateMachine, vars } = neighbours;
  const { sql } = database;
  const { now } = time;
  const registry = createRegistry({
    vars,
    onProblem: (dagId, problem) =>
      log.error({ dag_id: dagId, problem }, "a schedule cannot be read and will not tick"),
  });
  const graceMs = settings.tickGraceMs;
  const common = { sql, registry, stateMachine, telemetry, log, now, graceMs };
  const sampler = createSampler(settings.tracedRunsPerSecond);
  const isPaused = (dagId: string): boolean => registry.get(dagId)?.dag.paused === true;
  const settler = await life.up(createSettler({ ...common, isPaused }));
  const inbox = await life.up(openInbox({ bus, telemetry, log, onVerdict: settler.verdict }));
  const ticker = createTicker({ ...common, ledgers: ledgers.sql, inbox, sampler });
  const started: { clock?: Clock } = {}; // what is learned before it ticks wakes nobody
  const learner = createLearner({
    ...common,
    onFiring: (ticks) => ticker.say(ticks),
    onLearned: () => started.clock?.wake(),
  });
  await learner.load();
  await learner
    .refresh(life.stopping)
    .catch((error: unknown) =>
      log.warn({ error }, "the state machine does not answer yet: known schedules tick meanwhile"),
    );
  const round = async (): Promise<void> => void (await ticker.tick());
  const nextMs = (): number | undefined => registry.wakeMs();
  started.clock = await life.up(startClock({ log, now, nextMs, round, pollMs: POLL_MS }));
  const again = { ...common, inbox, settler, sampler, resayMs: settings.resayMs };
  await life.up(
    startEvery({
      name: "look around",
      everyMs: POLL_MS,
      log,
      async round(signal) {
        await learner.catchUp();
        await resay(again, signal);
        if (learner.refreshedMs === 0) await learner.refresh(signal);
      },
    }),
  );
  const continuer = createContinuer({ ...common, onChanged: () => started.clock?.wake() });
  await life.up(
    startEvery({
      name: "continuous schedules",
      everyMs: settings.resayMs,
      log,
      round: async (signal) => void (await continuer.look(signal)),
    }),
  );
  const backfiller = await startBackfills(life, { ...common, inbox, resayMs: settings.resayMs });
  await serve(life, [
    scheduleService({ registry, database }),
    backfillService({ ...common, learner, backfiller }),
  ]);
  await startHousekeeping(life, learner, neighbours);
  const listening = await startTriggers(life, {
    ...common,
    ...{ ledgers: ledgers.sql, bus, learner, continuer, backfiller, inbox, sampler },
  });
  life.status(() => ({ ...statusOf(registry, time), bus: bus.state, ...listening.status() }));
}

async function serve(
  { settings, log, telemetry, health, up }: Life<Settings>,
  services: ServiceImplementation[],
): Promise<void> {
  const { grpcHost: host } = listenHosts(process.env);
  await up(serveGrpc({ port: settings.grpcPort, host, services, log, telemetry, health }));
}

async function startBackfills(
  { settings, log, up }: Life<Settings>,
  options: BackfillerOptions,
): Promise<Backfiller> {
  const backfiller = await up(startBackfiller(options));
  await up(
    startEvery({
      name: "runs of backfills",
      everyMs: settings.resayMs,
      log,
      round: (signal) => backfiller.reconcile(signal),
    }),
  );
  return backfiller;
}

async function startHousekeeping(
  { settings, log, up }: Life<Settings>,
  learner: Learner,
  { database, time }: Neighbours,
): Promise<void> {
  await up(
    startEvery({
      name: "housekeeping",
      everyMs: settings.refreshMs,
      log,
      async round(signal) {
        await learner.refresh(signal);
        const beforeMs = time.now() - settings.ledgerKeepMs;
        await forgetSettled(database.sql, { beforeMs, limit: FORGET_ROWS_MAX });
        await forgetBackfills(database.sql, { beforeMs, limit: FORGET_BACKFILLS_MAX });
      },
    }),
  );
}

function statusOf(registry: Registry, time: DatabaseTime): Record<string, unknown> {
  const all = registry.all();
  const nextMs = registry.wakeMs();
  return {
    schedules: all.filter(({ dag }) => dag.timing !== undefined).length,
    unreadable_schedules: all.flatMap(({ dag, problem }) =>
      problem === undefined ? [] : [dag.dagId],
    ),
    next_due: nextMs === undefined ? null : new Date(nextMs).toISOString(),
    clock_offset_ms: Math.round(time.offsetMs),
  };
}

async function openBus(
  { settings, log, up, stopping, waitsFor }: Life<Settings>,
  { sources, runners, webhooks }: EnvironmentFile,
): Promise<Bus> {
  const bus = await connectBus({
    url: settings.natsUrl,
    user: settings.natsUser,
    password: settings.natsPassword,
    service: NAME,
    installation: { sources, runners, webhooks },
    log,
  });
  await up({ name: "bus", stop: () => bus.drain() });
  const streams = ["CHASQUI_TRIGGERS", "CHASQUI_EVENTS", "CHASQUI_INBOX"] as const;
  const needs = { durables: Object.values(durables), streams };
  await bus.ensureTopology(needs, { stopping, waitsFor });
  return bus;
}

/** Beside the bundle in an installation, one folder up in the source. */
function migrationsFolder(): string {
  const folders = ["drizzle", "../drizzle"].map((name) => path.resolve(import.meta.dirname, name));
  return folders.find((folder) => existsSync(folder)) ?? folders.join(" or ");
}
