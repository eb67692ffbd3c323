// state-machine: runs and tasks, what next; the only place that decides.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { JsonObject } from "@bufbuild/protobuf";
import { connectBus } from "@chasqui/bus";
import {
  migrateDatabase,
  openDatabase,
  readEnvironmentFile,
  runService,
  serveGrpc,
  steadyPlans,
} from "@chasqui/chassis";
import type { EnvironmentFile } from "@chasqui/chassis";
import { PARTITIONS, builtInKinds, inboxDurable } from "@chasqui/contracts";
import { formatProblem } from "@chasqui/dag";
import type { KnownConnections } from "@chasqui/dag";
import { dagRules, readPolicyFolder } from "./dag-rules.ts";
import { createAsk } from "./grpc/commands.ts";
import { dagService } from "./grpc/dag-service.ts";
import { approvalService } from "./grpc/approval-service.ts";
import { explainService } from "./grpc/explain-service.ts";
import { poolService } from "./grpc/pool-service.ts";
import { runService as runsService } from "./grpc/run-service.ts";
import { startEngine } from "./parts.ts";
import { settingsOf } from "./settings.ts";
import { poolNames } from "./store/pool-reads.ts";
import { readOpsOwned } from "./store/streams.ts";
import { openVersions } from "./store/versions.ts";

await runService({
  name: "state-machine",
  settings: settingsOf,
  async start({ settings, log, telemetry, health, up, status, stopping, waitsFor }) {
    const file = await readEnvironmentFile(settings.environmentFile);
    const vars = structuredClone(file.vars) as JsonObject; // JSON by its type; ours to hand on
    const url = settings.databaseUrl;
    const beside = fileURLToPath(new URL("drizzle", import.meta.url)); // as bundled; else as in the source
    const folder = existsSync(beside)
      ? beside
      : fileURLToPath(new URL("../drizzle", import.meta.url));
    await migrateDatabase({ url, folder });
    const connectionsMax = settings.databaseConnectionsMax;
    const reads = await up(openDatabase(url, { connectionsMax, applicationName: "state-machine" }));
    const engineName = "state-machine engine";
    const writes = await up(
      openDatabase(url, { connectionsMax: 2, applicationName: engineName, session: steadyPlans }),
    );
    const { natsUrl, natsUser: user, natsPassword: password } = settings;
    const bus = await connectBus({
      url: natsUrl,
      user,
      password,
      service: "state-machine",
      installation: file,
      opsOwned: await readOpsOwned(reads.sql),
      log,
    });
    await up({ name: "bus", stop: () => bus.drain() });
    const durables = Array.from({ length: PARTITIONS }, (_, partition) => inboxDurable(partition));
    const streams = ["CHASQUI_INBOX", "CHASQUI_TASKS", "CHASQUI_EVENTS"] as const;
    await bus.ensureTopology({ durables, streams }, { stopping, waitsFor });
    const versions = openVersions(reads.sql, vars);
    const engine = await startEngine({
      sql: writes.sql,
      bus,
      versions,
      telemetry,
      log,
      vars,
      settings,
      pools: file.pools,
    });
    const db = await reads.drizzle();
    const ask = createAsk(bus);
    const clock = engine.clock.now;
    const { environment, policies } = settings;
    const rules = dagRules({
      environment,
      policies,
      vars,
      connections: connectionsOf(file, environment),
      customKinds: async () =>
        (await bus.listKinds()).map(({ kind }) => kind).filter((kind) => !(kind in builtInKinds)),
    });
    const known = readPolicyFolder(policies, environment);
    if (known.problems.length > 0)
      log.error({ problems: known.problems.map(formatProblem) }, "no DAG can be applied");
    const pools = async (): Promise<string[]> => [
      ...new Set([...Object.keys(file.pools), ...(await poolNames(reads.sql))]),
    ];
    const services = [
      runsService({ db, sql: reads.sql, bus, ask, versions, clock }),
      dagService({ db, sql: reads.sql, ask, versions, clock, rules, pools }),
      poolService({ sql: reads.sql, ask, clock }),
      approvalService({ db, sql: reads.sql, ask, versions, clock }),
      explainService({ db, sql: reads.sql, bus, versions, clock, heard: engine.heard }),
    ];
    await up(engine);
    await up(serveGrpc({ port: settings.grpcPort, services, log, telemetry, health }));
    status(() => ({ ...engine.status(), policies: known.policies.length }));
  },
});

function connectionsOf({ connections }: EnvironmentFile, environment: string): KnownConnections {
  const types = Object.entries(connections).map(([name, { type }]) => [name, type] as const);
  return { file: `the environment ${environment}`, types: Object.fromEntries(types) };
}
