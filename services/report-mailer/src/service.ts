// The report-mailer's parts, in the order of need.
import { setTimeout as sleep } from "node:timers/promises";
import { type Bus, connectBus } from "@chasqui/bus";
import {
  answerConnectionTests,
  assetFolder,
  connectionOf,
  createGrpcClient,
  type Database,
  type EnvironmentFile,
  isOutage,
  type Life,
  listenHosts,
  migrateDatabase,
  openDatabase,
  postgresAddress,
  readEnvironmentFile,
  serveGrpc,
} from "@chasqui/chassis";
import { kindDurable, RunService } from "@chasqui/contracts";
import {
  callRunner,
  type Runner,
  type RunningRunner,
  startRunner,
  TaskFailure,
} from "@chasqui/runner";
import { mailConnection } from "./connections.ts";
import { type ReportPorts, sendReport } from "./handle.ts";
import { lookUpMailAt } from "./ports/look-up-mail.ts";
import { postgresWarehouse } from "./ports/postgres-warehouse.ts";
import { reportService } from "./report-service.ts";
import type { Settings } from "./settings.ts";
import { countDeliveries } from "./store/count-deliveries.ts";
import { postgresLedger } from "./store/ledger.ts";
import { traceMails } from "./trace-mails.ts";
import { reportConfig } from "./translate.ts";
import { connectionTries } from "./try-connections.ts";

const NAME = "report-mailer";
const KIND = "report.email";
/** How often /statusz looks at the ledger's backlog. */
const BACKLOG_MS = 10_000;

export async function startReportMailer(life: Life<Settings>): Promise<void> {
  const { settings, log, telemetry } = life;
  const file = await readEnvironmentFile(settings.environmentFile);
  const url = settings.databaseUrl;
  await migrateDatabase({ url, folder: assetFolder(import.meta.dirname, "drizzle") });
  const connectionsMax = settings.databaseConnectionsMax;
  const database = await life.up(openDatabase(url, { connectionsMax, applicationName: NAME }));
  const bus = await openBus(life, file);
  const { grpcHost: host } = listenHosts(process.env);
  const services = [reportService(database.sql)];
  const { health } = life;
  const { grpcPort: port } = settings;
  await life.up(serveGrpc({ port, host, services, log, telemetry, health }));
  const claims = createGrpcClient(RunService, settings.stateMachine, {
    principal: `service:${NAME}`,
  });
  await life.up({ name: "state machine", stop: () => Promise.resolve(claims.close()) });
  const kinds = [reportKind(settings.reportsMax, portsOf(life, file, database))];
  const runner = await life.up(startRunner({ service: NAME, kinds, bus, claims, telemetry, log }));
  const tries = connectionTries(file, process.env);
  await life.up(answerConnectionTests({ service: NAME, bus, environment: file, tries }));
  reportStatus(life, { bus, database, runner });
}

async function openBus(life: Life<Settings>, installation: EnvironmentFile): Promise<Bus> {
  const { natsUrl: url, natsUser: user, natsPassword: password } = life.settings;
  const { log } = life;
  const bus = await connectBus({ url, user, password, service: NAME, installation, log });
  await life.up({ name: "bus", stop: () => bus.drain() });
  await bus.ensureTopology(
    {
      durables: [kindDurable(KIND)],
      streams: ["CHASQUI_TASKS", "CHASQUI_INBOX"],
      buckets: ["CHASQUI_KINDS"],
    },
    life,
  );
  return bus;
}

function reportKind(concurrency: number, ports: ReportPorts): Runner {
  return callRunner({
    kind: KIND,
    description:
      "Mails each recipient its own rows of a query, at most once per report and period.",
    schema: reportConfig.schema,
    parseConfig: reportConfig.parseConfig,
    concurrency,
    run: (attempt, context) => sendReport(attempt, context, ports).catch(ledgerAway),
  });
}

/** The warehouse's outages have their own class by now, so this one is of our own store. */
function ledgerAway(thrown: unknown): never {
  if (!isOutage(thrown)) throw thrown;
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  throw new TaskFailure(
    { class: "infra", message: `the delivery ledger is away: ${why}` },
    { cause: thrown },
  );
}

/** Mail client and template engine are 40 MB together, so they are loaded with the first report. */
function portsOf(
  { settings, telemetry }: Life<Settings>,
  file: EnvironmentFile,
  { sql }: Database,
): ReportPorts {
  const { env } = process;
  const { statementMsMax, sendsMax } = settings;
  const root = settings.templates || assetFolder(import.meta.dirname, "templates");
  return {
    templates: {
      load: async (name) => {
        const { liquidTemplates } = await import("./ports/liquid-templates.ts");
        return await liquidTemplates(root).load(name);
      },
    },
    mailConnection: (name) => mailConnection(name, connectionOf(file, name, "smtp", env)),
    warehouse: (name) =>
      postgresWarehouse(postgresAddress(connectionOf(file, name, "postgres", env)), {
        statementMsMax,
      }),
    limits: settings,
    localeDefault: settings.localeDefault,
    ledger: (about) => postgresLedger(sql, about),
    mailer: async (connection) => {
      const { smtpMailer } = await import("./ports/smtp-mail.ts");
      return smtpMailer(connection, { connectionsMax: sendsMax });
    },
    lookUp: ({ lookUpUrl }) => (lookUpUrl === undefined ? undefined : lookUpMailAt(lookUpUrl)),
    clock: {
      monotonicMs: () => performance.now(),
      sleep: (ms, signal) => sleep(Math.max(0, ms), undefined, { signal }).catch(() => undefined),
    },
    traceMails: traceMails(telemetry),
    leaseMs: settings.sendLeaseMs,
    sendsMax,
    mailsPerSecondMax: settings.mailsPerSecondMax,
  };
}

function reportStatus(
  life: Life<Settings>,
  { bus, database, runner }: { bus: Bus; database: Database; runner: RunningRunner },
): void {
  let ledger: Record<string, number> = {};
  let countedMs = -Infinity;
  const count = async (): Promise<void> => {
    ledger = await countDeliveries(database.sql);
  };
  life.status(() => {
    // What is shown is what the last look saw; a page must not wait for the database.
    if (performance.now() - countedMs > BACKLOG_MS) {
      countedMs = performance.now();
      count().catch((error: unknown) => life.log.warn({ error }, "the ledger cannot be counted"));
    }
    return { bus: bus.state, in_flight: runner.inFlight(), ledger };
  });
}
