// `chasqui trigger <dag>`: starts a run by hand.
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { randomUUID } from "node:crypto";
import { printJson, printLines } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { exitCodes } from "../errors.ts";
import type { ExitCode } from "../errors.ts";
import { viewRun } from "../run-view.ts";
import { follow } from "./follow.ts";
import { renderFailures } from "./run.ts";
import { runUrl } from "./links.ts";
import { parseInstant, readParams } from "./run-inputs.ts";

export interface TriggerOptions {
  readonly param?: readonly string[];
  readonly params?: string;
  readonly key?: string;
  readonly at?: string;
  /** Number of the DAG's version. */
  readonly of?: number;
  readonly reason?: string;
  readonly follow?: boolean;
  readonly json?: boolean;
}

export async function trigger(cli: Cli, dagId: string, options: TriggerOptions): Promise<ExitCode> {
  const { at } = options;
  readParams(options, undefined); // a wrong command line is said before anything is asked
  if (at !== undefined) parseInstant(at, undefined);
  const server = await cli.connect();
  const { of: version = 0 } = options;
  const { dag } = await server.dags.getDag({ dagId, version });
  const params = readParams(options, dag?.spec);
  const { run, created } = await server.runs.startRun(
    {
      dagId,
      key: options.key ?? "",
      ...(at === undefined ? {} : { logicalTime: timestampFromMs(parseInstant(at, dag?.spec)) }),
      params,
      version,
      requestId: randomUUID(),
    },
    { reason: options.reason },
  );
  if (run === undefined) throw new Error(`DAG ${dagId}: the server answered without a run`);
  if (options.follow !== true) {
    if (options.json === true) printJson(cli.out, { created, run: viewRun(run) });
    else
      printLines(cli.out, [
        `${created ? "started" : "is there already:"} ${run.runId} of ${dagId} (key ${run.key})`,
        runUrl(server, run.runId),
        ...(dag?.paused === true ? ["the DAG is paused: the run waits until it is resumed"] : []),
      ]);
    return exitCodes.ok;
  }
  if (options.json !== true) {
    if (!created) printLines(cli.out, [`a run with key ${run.key} is there already: ${run.runId}`]);
    if (dag?.paused === true)
      printLines(cli.err, ["the DAG is paused: the run waits until it is resumed"]);
  }
  const quiet = options.json === true ? { ...cli, out: { ...cli.err, isTty: false } } : cli;
  const settled = await follow(quiet, server, run.runId);
  if (options.json === true) printJson(cli.out, { created, run: settled });
  else printLines(cli.out, [...renderFailures(settled, cli.out), runUrl(server, settled.run_id)]);
  return settled.state === "succeeded" ? exitCodes.ok : exitCodes.failed;
}
