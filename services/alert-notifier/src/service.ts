// The alert-notifier's parts, in the order of need.
import { type Bus, connectBus, type Consuming, RetryError } from "@chasqui/bus";
import {
  answerConnectionTests,
  assetFolder,
  createGrpcClient,
  type Database,
  type EnvironmentFile,
  isConflict,
  isOutage,
  type Life,
  listenHosts,
  migrateDatabase,
  openDatabase,
  readEnvironmentFile,
  RpcError,
  serveGrpc,
} from "@chasqui/chassis";
import { ApprovalService, DagService, RunService, slackActions } from "@chasqui/contracts";
import { alertService } from "./alert-service.ts";
import type { Links } from "./core/blocks.ts";
import { startEvery } from "./every.ts";
import { type HandleDeps, tell } from "./handle.ts";
import { dagAlerts } from "./ports/dag-alerts.ts";
import { openQuestions } from "./ports/open-questions.ts";
import { reconcile } from "./reconcile.ts";
import { startSender } from "./sender.ts";
import type { Settings } from "./settings.ts";
import { slackClient } from "./slack-client.ts";
import { openSpan } from "./spans.ts";
import { countUnshown } from "./store/list-incidents.ts";
import { heard, type Heard, noticesOf } from "./translate.ts";
import { connectionTries } from "./try-connections.ts";

const NAME = "alert-notifier";
const CONCURRENCY = 8;
const RETRY_MS = 2_000;
const POLL_MS = 1_000;
/** Longer than Slack may take, so that nobody takes over a post that is on its way. */
const LEASE_FACTOR = 3;

const durableOf = (what: Heard): string => `${NAME}-${what}`;

export async function startAlertNotifier(life: Life<Settings>): Promise<void> {
  const { settings, log, telemetry, health } = life;
  const file = await readEnvironmentFile(settings.environmentFile);
  const url = settings.databaseUrl;
  await migrateDatabase({ url, folder: assetFolder(import.meta.dirname, "drizzle") });
  const connectionsMax = settings.databaseConnectionsMax;
  const database = await life.up(openDatabase(url, { connectionsMax, applicationName: NAME }));
  const bus = await openBus(life, file);
  const { grpcHost: host } = listenHosts(process.env);
  const services = [alertService(database.sql)];
  const { grpcPort: port } = settings;
  await life.up(serveGrpc({ port, host, services, log, telemetry, health }));
  const principal = `service:${NAME}`;
  const dags = createGrpcClient(DagService, settings.stateMachine, { principal });
  const runs = createGrpcClient(RunService, settings.stateMachine, { principal });
  const approvals = createGrpcClient(ApprovalService, settings.stateMachine, { principal });
  await life.up({
    name: "state machine",
    stop: () => Promise.resolve(void (dags.close(), runs.close(), approvals.close())),
  });
  const sender = await life.up(startSlackSender(life, file, database));
  const deps: HandleDeps = {
    sql: database.sql,
    alertsOf: dagAlerts(dags),
    isOpen: openQuestions(approvals),
    onChanged: () => sender.wake(),
  };
  const { environment, reconcileMs: everyMs, reconcileWindowMs: windowMs } = settings;
  const round = async (signal: AbortSignal): Promise<void> => {
    await reconcile({ ...deps, runs, environment, log, windowMs, now: Date.now }, signal);
  };
  await life.up(startEvery({ name: "reconcile", everyMs, log, round }));
  const tries = connectionTries(file, process.env, { timeoutMs: settings.slackTimeoutMs });
  await life.up(answerConnectionTests({ service: NAME, bus, environment: file, tries }));
  await listen(life, bus, deps);
  reportStatus(life, bus, database);
}

async function openBus(life: Life<Settings>, installation: EnvironmentFile): Promise<Bus> {
  const { natsUrl: url, natsUser: user, natsPassword: password } = life.settings;
  const { log } = life;
  const bus = await connectBus({ url, user, password, service: NAME, installation, log });
  await life.up({ name: "bus", stop: () => bus.drain() });
  const needs = { durables: heard.map(durableOf), streams: ["CHASQUI_EVENTS"] } as const;
  await bus.ensureTopology(needs, life);
  return bus;
}

function startSlackSender(
  { settings, telemetry, log }: Life<Settings>,
  file: EnvironmentFile,
  { sql }: Database,
): ReturnType<typeof startSender> {
  const { slackConnection: connection, slackTimeoutMs: timeoutMs } = settings;
  const hasActions = Object.values(file.connections).some(
    (connection) => connection.type === "webhook" && connection["scheme"] === "slack",
  );
  const actions = hasActions ? slackActions : undefined;
  return startSender({
    sql,
    slack: slackClient(file, { connection, timeoutMs }),
    linksOf: ({ run_id: runId }, traceId) => ({ ...linksOf(settings, runId, traceId), actions }),
    telemetry,
    log,
    leaseMs: LEASE_FACTOR * timeoutMs,
    doubtMs: timeoutMs,
    pollMs: POLL_MS,
  });
}

function linksOf(
  { consoleUrl, traceUrl }: Pick<Settings, "consoleUrl" | "traceUrl">,
  runId: string,
  traceId: string | undefined,
): Links {
  const below = (base: string, path: string): string => `${base.replace(/\/+$/, "")}/${path}`;
  return {
    run: consoleUrl === undefined ? undefined : below(consoleUrl, `runs/${runId}`),
    trace:
      traceUrl === undefined || traceId === undefined
        ? undefined
        : below(traceUrl, `trace/${traceId}`),
    traceId,
  };
}

async function listen(life: Life<Settings>, bus: Bus, deps: HandleDeps): Promise<void> {
  const { telemetry } = life;
  for (const what of heard) {
    const consuming: Consuming = await bus.consume(durableOf(what), {
      concurrency: CONCURRENCY,
      async handle({ data, traceparent, id }) {
        const notices = noticesOf(what, data);
        const [first] = notices;
        if (first === undefined) return;
        const destination = `chasqui.event.${what}`;
        const span = openSpan(telemetry, traceparent, {
          name: `process ${destination}`,
          kind: "consumer",
          attributes: {
            "messaging.system.name": "nats",
            "messaging.destination.name": destination,
            "messaging.operation.type": "process",
            "messaging.operation.name": "process",
            "messaging.message.id": id,
            "chasqui.run.id": first.run.runId,
            "chasqui.dag.id": first.run.dagId,
          },
        });
        // Events that nobody asked about are most of them, and no part of a trace.
        let isTold = false;
        for (const notice of notices)
          if (await tell(notice, span.traceparent, deps).catch(notNow)) isTold = true;
        if (isTold) span.end();
      },
    });
    await life.up({ name: durableOf(what), stop: (deadlineMs) => consuming.stop(deadlineMs) });
  }
}

/** An outage of a neighbour is not the message's fault. */
function notNow(thrown: unknown): never {
  const isAway = thrown instanceof RpcError || isOutage(thrown) || isConflict(thrown);
  if (!isAway) throw thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  throw new RetryError(message, { retryAfterMs: RETRY_MS, cause: thrown });
}

function reportStatus(life: Life<Settings>, bus: Bus, database: Database): void {
  let unshown: Record<string, number> = {};
  life.status(() => {
    // What is shown is what the last look saw; a page must not wait for the database.
    countUnshown(database.sql).then(
      (counted) => void (unshown = counted),
      (error: unknown) => life.log.warn({ error }, "incidents cannot be counted"),
    );
    return { bus: bus.state, not_shown: unshown };
  });
}
