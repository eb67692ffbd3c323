// The console's parts, in the order of need.
import { connectBus } from "@chasqui/bus";
import type { Bus } from "@chasqui/bus";
import {
  answerConnectionTests,
  forwardGrpc,
  listenHosts,
  readEnvironmentFile,
} from "@chasqui/chassis";
import type { EnvironmentFile, Life } from "@chasqui/chassis";
import manifest from "../package.json" with { type: "json" };
import type { ApiServer } from "./api.ts";
import { connectionService } from "./connections/service.ts";
import { connectionTries } from "./connections/try-connections.ts";
import { whisperInSlack } from "./hooks/slack-actions.ts";
import { signingOf } from "./hooks/signing-of.ts";
import { findPages } from "./http/pages.ts";
import { startHttp } from "./http/server.ts";
import { logService } from "./logs/service.ts";
import type { TailDeps } from "./logs/tail.ts";
import { openOwners, routesOf } from "./ports/owners.ts";
import type { Owners } from "./ports/owners.ts";
import { openTraceExport } from "./ports/trace-export.ts";
import { openTraceStore } from "./ports/trace-store.ts";
import type { Settings } from "./settings.ts";

export async function startConsole(life: Life<Settings>): Promise<void> {
  const { settings, log, telemetry, health } = life;
  const environment = await readEnvironmentFile(settings.environmentFile);
  const bus = await openBus(life, environment);
  const owners = await life.up(openOwners(settings));
  const tail = tailDeps(bus, owners, life);
  const { grpcHost } = listenHosts(process.env);
  const grpc = await life.up(
    forwardGrpc({
      port: settings.grpcPort,
      host: grpcHost,
      routes: routesOf(settings),
      local: [
        logService(tail),
        connectionService({ bus, environment, environmentName: settings.environment }),
      ],
      log,
      telemetry,
      health,
    }),
  );
  const tries = connectionTries(environment, process.env);
  await life.up(answerConnectionTests({ service: life.name, bus, environment, tries }));
  const pages = findPages(settings.webRoot, import.meta.dirname);
  if (pages === undefined) log.warn("the web console's files are not there: /api only");
  const http = await life.up(
    startHttp({
      host: settings.httpHost,
      port: settings.httpPort,
      owners,
      bus,
      tail,
      traces: openTraceStore(settings.traceQueryUrl),
      traceExport: openTraceExport({
        owners,
        environment: settings.environment,
        env: process.env,
      }),
      log,
      server: (hostname) => describe(settings, hostname, grpc.port),
      pages,
      publicUrl: settings.consoleUrl,
      hooks: {
        bus,
        log,
        now: Date.now,
        slack: { approvals: owners.approvals, log, whisper: whisperInSlack },
        signingOf: (webhook) => signingOf(environment, webhook, process.env),
      },
    }),
  );
  life.status(() => ({ bus: bus.state, http_port: http.port, grpc_port: grpc.port }));
}

function describe(settings: Settings, hostname: string, grpcPort: number): ApiServer {
  const { traceLink, traceQueryUrl, mailUrl, slackUrl } = settings;
  // Jaeger shows a trace under the address that it answers queries on.
  const byQuery = traceQueryUrl && `${traceQueryUrl.replace(/\/$/, "")}/trace/{trace}`;
  const trace = traceLink === "" ? byQuery : traceLink;
  return {
    version: manifest.version,
    environment: settings.environment,
    grpc: settings.publicGrpc ?? `${hostname}:${grpcPort}`,
    links: {
      ...(trace === undefined ? {} : { trace }),
      ...(mailUrl === undefined ? {} : { mail: mailUrl }),
      ...(slackUrl === undefined ? {} : { slack: slackUrl }),
    },
  };
}

function tailDeps(bus: Bus, owners: Owners, { log }: Life<Settings>): TailDeps {
  return {
    bus,
    log,
    async getRun(runId) {
      const { run } = await owners.runs.getRun({ runId });
      if (run === undefined) throw new Error(`the state machine answered without run ${runId}`);
      return run;
    },
    async *watchRun(runId, signal) {
      for await (const { run } of owners.runs.watchRun({ runId }, { signal }))
        if (run !== undefined) yield run;
    },
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
    service: "console",
    installation: { sources, runners, webhooks },
    log,
  });
  await up({ name: "bus", stop: () => bus.drain() });
  const streams = ["CHASQUI_EVENTS", "CHASQUI_LOGS"] as const;
  await bus.ensureTopology({ durables: [], streams }, { stopping, waitsFor });
  return bus;
}
