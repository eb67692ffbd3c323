// `chasqui schedule preview <file>`: when a DAG file's schedule is due. Needs no server.
import { previewSchedule, rfc3339 } from "@chasqui/dag";
import type { Preview } from "@chasqui/dag";
import { printJson, printLines } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { CliError, exitCodes, usageError } from "../errors.ts";
import type { ExitCode } from "../errors.ts";
import { renderSchedule } from "../render/schedule.ts";
import { readDags } from "../judged-dags.ts";
import { parseInstant } from "./run-inputs.ts";
import { printReport } from "./validate.ts";

export interface PreviewOptions {
  readonly from?: string;
  readonly count: number;
  readonly environment?: string;
  readonly json?: boolean;
}

export async function preview(cli: Cli, file: string, options: PreviewOptions): Promise<ExitCode> {
  const dags = await readDags(cli, [file], { ...options, server: "when named" });
  const [dag] = dags;
  if (dag === undefined || dags.length > 1)
    throw usageError(`${file} holds ${dags.length} DAG files: want one file`);
  if (!dag.compiled.ok) {
    printReport(cli, dags);
    return exitCodes.failed;
  }
  const { spec } = dag.compiled;
  const { schedule } = spec;
  if (schedule === undefined)
    throw new CliError(exitCodes.failed, `DAG ${spec.id} has no schedule`, {
      hint: 'for example: schedule: { cron: "0 19 * * *", timezone: America/Bogota }',
    });
  const nowMs = cli.nowMs();
  const fromMs = options.from === undefined ? nowMs : parseInstant(options.from, spec, "--from");
  const previewed = previewSchedule(schedule, { dagId: spec.id, fromMs, count: options.count });
  if (options.json === true) printJson(cli.out, toJson(previewed));
  else printLines(cli.out, renderSchedule(spec, previewed, { nowMs, style: cli.out.style }));
  return exitCodes.ok;
}

const toJson = ({ ticks }: Preview): object[] =>
  ticks.map(({ ms, local, note }) => ({ at: rfc3339(ms), local, note }));
