// Ten thousand sensors that wait, in one process: how much memory that takes. The services are the real ones, each a
// process; what is waited for never comes, and is looked at in the kinds' usual intervals meanwhile.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createGrpcClient } from "@chasqui/chassis";
import { DagService, RunService } from "@chasqui/contracts";
import { compileDag, formatProblem } from "@chasqui/dag";
import { startWorld } from "@chasqui/sandbox";
import type { World } from "@chasqui/sandbox";
import postgres from "postgres";
import { bundleAll } from "../../scripts/bundle.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { peakRssMbOf, rssMbOf } from "./cpu.ts";

const root = path.resolve(import.meta.dirname, "../..");
const RUNS = 10;
const SERVICES = ["state-machine", "sensor-runner"] as const;
/** Longer than the longest interval, and than what the runner takes between two inventories. */
const WATCHED_MS = 65_000;
const READY_MS_MAX = 240_000;

/** One DAG with as many sensors of each kind, waiting for what does not come. */
function dagOf(perKind: number, endpoint: string): string {
  const waits = [
    "uses: sensor.time, with: { delay: 1d }",
    `uses: sensor.http, with: { url: "${endpoint}/not-yet", timeout: 1d }`,
    "uses: sensor.sql, with: { connection: warehouse, query: select 1 where false, timeout: 1d }",
    "uses: sensor.event, with: { subject: logistics.routes.closed, timeout: 1d }",
  ];
  const tasks = waits.flatMap((wait, kind) =>
    Array.from({ length: perKind }, (_, i) => `  k${kind}-${i}: { ${wait} }`),
  );
  return ["id: bench-waits", `max_active_runs: ${RUNS}`, "tasks:", ...tasks, ""].join("\n");
}

export async function waitingSensors(count: number): Promise<Record<string, number>> {
  await using stack = new AsyncDisposableStack();
  const { path: dataDir } = stack.use(await temporaryFolder("bench"));
  const bundled = await bundleAll({ only: [...SERVICES, "sandbox"] });
  const world = stack.use(
    await startWorld({
      root,
      dataDir,
      environmentFile: path.join(root, "environments/local.yaml"),
      bundles: new Map(bundled.map(({ name, file }) => [name, file])),
      durable: true,
      services: SERVICES,
    }),
  );
  const server = createServer((_, response) => response.writeHead(404).end("not yet"));
  stack.defer(() => void server.close());
  stack.defer(() => server.closeAllConnections());
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const pid = world.service("sensor-runner").pid ?? 0;
  const freshMb = rssMbOf(pid);
  await startRuns(world, dagOf(count / 4 / RUNS, `http://127.0.0.1:${port}`));
  const acceptedMs = await allWait(world, count);
  await sleep(WATCHED_MS); // the looks of more than one interval are what is measured
  return {
    fresh_mb: freshMb,
    waiting: count,
    accepted_s: Math.round(acceptedMs / 1_000),
    looks: await looksOf(world),
    now_mb: rssMbOf(pid),
    most_mb: peakRssMbOf(pid),
  };
}

async function startRuns(world: World, text: string): Promise<void> {
  const address = `127.0.0.1:${world.addresses.grpcPorts["state-machine"]}`;
  const dags = createGrpcClient(DagService, address);
  const runs = createGrpcClient(RunService, address);
  const compiled = compileDag({ file: "bench-waits.yaml", text });
  if (!compiled.ok) throw new Error(compiled.problems.map(formatProblem).join("\n"));
  await dags.applyDags({ dags: [compiled.spec] });
  for (let run = 0; run < RUNS; run++)
    await runs.startRun({ dagId: "bench-waits", key: `run-${run}` });
  dags.close();
  runs.close();
}

/** Resolves when every sensor is a row that was looked at once; with how long that took. */
async function allWait(world: World, count: number): Promise<number> {
  const startMs = performance.now();
  const sql = postgres(world.addresses.postgresUrl("chasqui"), { max: 1 });
  try {
    for (;;) {
      const [row] = await sql<{ waiting: number; looked: number }[]>`
        select count(*)::int as waiting,
               (count(*) filter (where poll_count > 0 or kind = 'sensor.time'))::int as looked
        from sensor_runner.wait where state = 'waiting'`;
      const tookMs = performance.now() - startMs;
      if (row?.waiting === count && row.looked === count) return tookMs;
      if (tookMs > READY_MS_MAX) throw new Error(`after ${tookMs} ms: ${JSON.stringify(row)}`);
      await sleep(500);
    }
  } finally {
    await sql.end();
  }
}

async function looksOf(world: World): Promise<number> {
  const sql = postgres(world.addresses.postgresUrl("chasqui"), { max: 1 });
  const [row] = await sql<{ looks: number }[]>`
    select coalesce(sum(poll_count), 0)::int as looks from sensor_runner.wait`;
  await sql.end();
  return row?.looks ?? 0;
}
