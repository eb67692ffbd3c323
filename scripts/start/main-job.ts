// The main job for yesterday, and beside it the example that fails: started, followed, summed up.
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { RunState, TaskState } from "../../libs/contracts/src/index.ts";
import type { Run } from "../../libs/contracts/src/index.ts";
import { dateInZone } from "../../libs/dag/src/index.ts";
import type { World } from "../../libs/sandbox/src/index.ts";
import type { Clients } from "./clients.ts";
import type { Narrator } from "./narrator.ts";
import { printDeliveries } from "./summary.ts";

const DAG = "carrier-daily-costs";
const FAILING_DAG = "example-failing";
const ZONE = "America/Bogota";
const DAY_MS = 86_400_000;

export async function runMainJob(
  world: World,
  clients: Clients,
  say: Narrator,
  signal: AbortSignal,
): Promise<boolean> {
  const yesterdayMs = Date.now() - DAY_MS;
  const day = dateInZone(yesterdayMs, ZONE);
  const started = await clients.runs.startRun({
    dagId: DAG,
    key: day,
    logicalTime: timestampFromMs(yesterdayMs),
  });
  const failing = await clients.runs.startRun({ dagId: FAILING_DAG, key: `example-${day}` });
  const runId = started.run?.runId ?? "";
  say.step(
    started.created ? `running ${DAG} for ${day}` : `${DAG} for ${day} ran before: ${runId}`,
  );
  const [main] = await Promise.all([
    follow(clients, runId, say, signal),
    follow(clients, failing.run?.runId ?? "", say, signal),
  ]);
  const isGreen = main?.state === RunState.SUCCEEDED;
  say.note(`\n${isGreen ? "✓" : "✗"} ${DAG} ${day}: ${stateName(main)}`);
  const { deliveries } = await clients.reports.listDeliveries({ runId });
  printDeliveries(deliveries, say);
  const traceId = main?.traceId ?? "";
  say.note(`trace ${world.sandbox.otlp}/trace/${traceId}`);
  return isGreen;
}

/** Prints each task as it moves on; ends when the run settles. */
async function follow(
  clients: Clients,
  runId: string,
  say: Narrator,
  signal: AbortSignal,
): Promise<Run | undefined> {
  const seen = new Map<string, string>();
  let last: Run | undefined;
  for await (const { run } of clients.runs.watchRun({ runId }, { signal })) {
    if (run === undefined) continue;
    last = run;
    for (const task of run.tasks) {
      const now = `${taskStateName(task.state)}${task.attempt > 1 ? ` (attempt ${task.attempt})` : ""}`;
      if (seen.get(task.taskId) === now || task.state === TaskState.WAITING) continue;
      seen.set(task.taskId, now);
      const why = task.failure === undefined ? task.reason : task.failure.message;
      say.note(`  ${run.dagId} / ${task.taskId}: ${now}${why === "" ? "" : `: ${why}`}`);
    }
  }
  return last;
}

const nameOf = (values: Readonly<Record<string, unknown>>, value: unknown): string =>
  Object.keys(values)
    .find((key) => values[key] === value)
    ?.toLowerCase() ?? "unknown";
const taskStateName = (state: TaskState): string => nameOf(TaskState, state);
const stateName = (run: Run | undefined): string =>
  run === undefined ? "unknown" : nameOf(RunState, run.state);
