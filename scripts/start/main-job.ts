// The main job for yesterday, and beside it the example that fails: started, followed in a live table, summed up.
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { follow, renderFailures, renderRun, viewRun } from "chasqui";
import type { Cli, Server } from "chasqui";
import { dateInZone } from "@chasqui/dag";
import type { World } from "@chasqui/sandbox";
import type { Narrator } from "./narrator.ts";
import { printDeliveries, printSlack } from "./summary.ts";

const DAG = "carrier-daily-costs";
const FAILING_DAG = "example-failing";
const ZONE = "America/Bogota";
const DAY_MS = 86_400_000;

/** True when the main job is green. */
export async function runMainJob(
  world: World,
  cli: Cli,
  server: Server,
  say: Narrator,
): Promise<boolean> {
  const yesterdayMs = cli.nowMs() - DAY_MS;
  const day = dateInZone(yesterdayMs, ZONE);
  const logicalTime = timestampFromMs(yesterdayMs);
  const started = await server.runs.startRun({ dagId: DAG, key: day, logicalTime });
  const failing = await server.runs.startRun({ dagId: FAILING_DAG, key: `example-${day}` });
  say.note(
    started.created
      ? `\nrunning ${DAG} for ${day}`
      : `\n${DAG} for ${day} ran before; this is its run`,
  );
  const main = await follow(cli, server, started.run?.runId ?? "");
  const { deliveries } = await server.reports.listDeliveries({ runId: main.run_id });
  printDeliveries(deliveries, say);
  await showFailing(failing.run?.runId ?? "", cli, server, say);
  await printSlack(world, failing.run?.runId ?? "", say);
  say.note(`\nThe whole way of ${DAG} as one trace: ${world.sandbox.otlp}/trace/${main.trace_id}`);
  return main.state === "succeeded";
}

/** The example that fails has its retry meanwhile; its end is waited for, and what went wrong is shown. */
async function showFailing(runId: string, cli: Cli, server: Server, say: Narrator): Promise<void> {
  say.note(`\n${FAILING_DAG}, which fails on purpose:`);
  for await (const { run } of server.runs.watchRun({ runId }, { signal: cli.signal })) {
    if (run?.settledTime === undefined) continue;
    const view = viewRun(run);
    const { style, columns } = cli.out;
    cli.out.write(`${renderRun(view, cli).join("\n")}\n`);
    cli.out.write(`${renderFailures(view, { style, columns }).join("\n")}\n`);
  }
}
