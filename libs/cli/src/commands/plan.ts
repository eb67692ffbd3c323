// `chasqui plan <file>`: what a run would get, and when the next ones are due. Needs no server.
import type { JsonValue } from "@bufbuild/protobuf";
import type { DagSpec } from "@chasqui/contracts";
import { previewSchedule, previewTasks, resolveParams, rfc3339 } from "@chasqui/dag";
import type { Preview, TaskPreview } from "@chasqui/dag";
import { stringify } from "yaml";
import { printJson, printLines } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { exitCodes, usageError } from "../errors.ts";
import type { ExitCode } from "../errors.ts";
import { readOneDag } from "../read-one-dag.ts";
import { renderSchedule } from "../render/schedule.ts";
import { printable } from "../render/style.ts";
import type { Style } from "../render/style.ts";
import { readJson } from "./pairs.ts";
import { parseInstant, readParams } from "./run-inputs.ts";

export interface PlanOptions {
  readonly at?: string;
  readonly param?: readonly string[];
  readonly params?: string;
  readonly event?: string;
  readonly key?: string;
  readonly ticks: number;
  readonly environment?: string;
  readonly json?: boolean;
}

export async function planDag(cli: Cli, file: string, options: PlanOptions): Promise<ExitCode> {
  const event = options.event === undefined ? undefined : readJson(options.event);
  if (options.event !== undefined && event === undefined)
    throw usageError(`--event ${JSON.stringify(options.event)}: want JSON such as '{"n":1}'`);
  const nowMs = cli.nowMs();
  const dag = await readOneDag(cli, file, options);
  if (dag === undefined) return exitCodes.failed;
  const { spec, vars } = dag;
  const atMs = options.at === undefined ? nowMs : parseInstant(options.at, spec);
  const params = resolveParams(spec.params, readParams(options, spec));
  if (!params.ok) throw usageError(params.message);
  const tasks = previewTasks(spec, {
    atMs,
    key: options.key ?? rfc3339(atMs),
    params: params.value,
    vars,
    ...(event === undefined ? {} : { event }),
  });
  const ticks = ticksOf(spec, atMs, options.ticks);
  if (options.json === true) printJson(cli.out, toJson(spec, tasks, ticks));
  else printPlan(cli, spec, tasks, ticks, nowMs);
  return tasks.some(({ errors }) => errors.length > 0) ? exitCodes.failed : exitCodes.ok;
}

const ticksOf = ({ id, schedule }: DagSpec, fromMs: number, count: number): Preview | undefined =>
  schedule === undefined ? undefined : previewSchedule(schedule, { dagId: id, fromMs, count });

function toJson(spec: DagSpec, tasks: readonly TaskPreview[], ticks: Preview | undefined): object {
  return {
    dag: spec.id,
    tasks: tasks.map(({ forEach, ...task }) => ({
      ...task,
      ...(forEach === undefined ? {} : { for_each: forEach }),
    })),
    ticks: (ticks?.ticks ?? []).map(({ ms, local, note }) => ({ at: rfc3339(ms), local, note })),
  };
}

function printPlan(
  cli: Cli,
  spec: DagSpec,
  tasks: readonly TaskPreview[],
  ticks: Preview | undefined,
  nowMs: number,
): void {
  const { style } = cli.out;
  const schedule =
    ticks === undefined
      ? [`${spec.id}: the clock starts no runs of this DAG`]
      : renderSchedule(spec, ticks, { nowMs, style });
  printLines(cli.out, [...schedule, ...tasks.flatMap((task) => ["", ...renderTask(task, style)])]);
}

function renderTask(
  { id, uses, needs, when, runs, forEach, ...task }: TaskPreview,
  style: Style,
): string[] {
  const after = needs.length === 0 ? "" : ` after ${needs.join(", ")}`;
  const known = runs === undefined ? "" : runs ? " (true)" : " (false: skipped)";
  return [
    `${style.bold(id)}  ${uses}${after}`,
    ...(when === undefined ? [] : [`  when: ${printable(when)}${known}`]),
    ...(forEach === undefined ? [] : [`  for_each: ${printable(forEach.join(", "))}`]),
    ...configLines(task.with),
    ...task.errors.map((error) => style.red(`  ✗ ${printable(error)}`)),
  ];
}

function configLines(config: JsonValue): string[] {
  if (typeof config === "object" && config !== null && Object.keys(config).length === 0) return [];
  const text = stringify(config, { lineWidth: 0 }).trimEnd();
  return text.split("\n").map((line) => `  ${printable(line)}`);
}
