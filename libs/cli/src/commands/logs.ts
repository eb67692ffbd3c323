// `chasqui logs <run> <task>`: the lines of one attempt, with gaps shown.
import { printLines } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { CliError, exitCodes } from "../errors.ts";
import type { ExitCode } from "../errors.ts";
import { suggestName } from "../suggest-name.ts";
import { printable } from "../render/style.ts";
import { instant } from "../run-view.ts";
import { findRun } from "./run.ts";

export interface LogsOptions {
  readonly follow?: boolean;
  readonly attempt?: number;
  readonly timestamps?: boolean;
  readonly json?: boolean;
}

export async function logs(
  cli: Cli,
  runId: string,
  taskId: string,
  options: LogsOptions,
): Promise<ExitCode> {
  const server = await cli.connect();
  const run = await findRun(server, runId);
  const ids = run.tasks.map(({ task_id }) => task_id);
  if (!ids.includes(taskId))
    throw new CliError(
      exitCodes.notFound,
      `run ${run.run_id} has no task ${JSON.stringify(taskId)}`,
      {
        hint: suggestName(taskId, ids),
      },
    );
  const request = {
    runId: run.run_id,
    taskId,
    attempt: options.attempt ?? 0,
    follow: options.follow ?? false,
  };
  let next = 1;
  let attempt = 0;
  for await (const { batch } of server.logs.tailLogs(request, { signal: cli.signal })) {
    if (batch === undefined) continue;
    if (batch.attempt !== attempt) next = 1;
    attempt = batch.attempt;
    for (const line of batch.lines) {
      if (line.counter < next) continue; // sent twice after a reconnect
      if (line.counter > next && options.json !== true)
        printLines(cli.err, [cli.err.style.yellow(`… ${line.counter - next} lines are missing …`)]);
      next = line.counter + 1;
      const at = instant(line.atMs);
      if (options.json === true)
        cli.out.write(
          `${JSON.stringify({ attempt, counter: line.counter, time: at, text: line.text })}\n`,
        );
      else
        printLines(cli.out, [
          `${options.timestamps === true ? `${cli.out.style.dim(at)} ` : ""}${printable(line.text)}`,
        ]);
    }
  }
  if (attempt === 0 && options.json !== true)
    printLines(cli.err, [
      `no log lines of ${taskId}${options.follow === true ? "" : " (yet: -f waits for them)"}`,
    ]);
  return exitCodes.ok;
}
