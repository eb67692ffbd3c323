// `chasqui cancel <run>`: asks a run to end; it is cancelled when everything outside is seen gone.
import { printJson, printLines } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { exitCodes } from "../errors.ts";
import type { ExitCode } from "../errors.ts";
import { isSettled, viewRun } from "../run-view.ts";
import { follow } from "./follow.ts";
import { told } from "./operations.ts";
import { findRun } from "./run.ts";

export interface CancelOptions {
  readonly reason?: string;
  readonly now?: boolean;
  readonly dryRun?: boolean;
  readonly follow?: boolean;
  readonly json?: boolean;
}

export async function cancel(cli: Cli, id: string, options: CancelOptions): Promise<ExitCode> {
  const server = await cli.connect();
  const found = await findRun(server, id);
  const { reason = "", now = false, dryRun = false } = options;
  const answer = await server.runs.cancelRun({ runId: found.run_id, reason, now, dryRun });
  if (dryRun) return told(cli, server, answer, options);
  let run = answer.run === undefined ? found : viewRun(answer.run);
  if (options.follow === true && !isSettled(run))
    run = await follow(
      options.json === true ? { ...cli, out: { ...cli.err, isTty: false } } : cli,
      server,
      run.run_id,
    );
  if (options.json === true) printJson(cli.out, { run });
  else if (isSettled(found))
    printLines(cli.out, [`${found.run_id} had ${found.state} already; nothing was cancelled`]);
  else printLines(cli.out, [`${run.run_id} is ${run.state}`]);
  return isSettled(found) && found.state !== "cancelled" ? exitCodes.failed : exitCodes.ok;
}
