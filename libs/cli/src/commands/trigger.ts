// `chasqui trigger <dag>`: starts a run by hand.
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { DagSpec } from "@chasqui/contracts";
import { randomUUID } from "node:crypto";
import { printJson, printLines } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { exitCodes, usageError } from "../errors.ts";
import type { ExitCode } from "../errors.ts";
import { viewRun } from "../run-view.ts";
import { follow } from "./follow.ts";
import { renderFailures } from "./run.ts";
import { runUrl } from "./links.ts";

export interface TriggerOptions {
  readonly param?: readonly string[];
  readonly params?: string;
  readonly key?: string;
  readonly at?: string;
  readonly reason?: string;
  readonly follow?: boolean;
  readonly json?: boolean;
}

export async function trigger(cli: Cli, dagId: string, options: TriggerOptions): Promise<ExitCode> {
  const atMs = options.at === undefined ? undefined : parseInstant(options.at);
  readParams(options, undefined); // a wrong command line is said before anything is asked
  const server = await cli.connect();
  const { dag } = await server.dags.getDag({ dagId });
  const params = readParams(options, dag?.spec);
  const { run, created } = await server.runs.startRun(
    {
      dagId,
      key: options.key ?? "",
      ...(atMs === undefined ? {} : { logicalTime: timestampFromMs(atMs) }),
      params,
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

function parseInstant(text: string): number {
  const ms = /^\d{4}-\d{2}-\d{2}(T|$)/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(ms))
    throw usageError(
      `--at ${JSON.stringify(text)}: want an instant such as 2026-10-06T19:00:00-05:00`,
    );
  return ms;
}

/** `--params '{…}'` first, then each `--param k=v`: text where the DAG's schema wants text, else JSON when it is. */
export function readParams(
  { param = [], params }: Pick<TriggerOptions, "param" | "params">,
  spec: DagSpec | undefined,
): JsonObject {
  const given: JsonObject = params === undefined ? {} : parseObject(params);
  for (const pair of param) {
    const [, name, value] = /^([^=]+)=([\s\S]*)$/.exec(pair) ?? [];
    if (name === undefined || value === undefined)
      throw usageError(`--param ${JSON.stringify(pair)}: want name=value`);
    given[name] = wantsText(spec, name) ? value : jsonOrText(value);
  }
  return given;
}

function parseObject(text: string): JsonObject {
  try {
    const value: JsonValue = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // said below
  }
  throw usageError(
    `--params ${JSON.stringify(text)}: want a JSON object such as '{"day":"2026-10-06"}'`,
  );
}

function wantsText(spec: DagSpec | undefined, name: string): boolean {
  const properties = spec?.params?.["properties"];
  if (typeof properties !== "object" || properties === null || Array.isArray(properties))
    return false;
  const property = properties[name];
  return (
    typeof property === "object" &&
    property !== null &&
    !Array.isArray(property) &&
    property["type"] === "string"
  );
}

function jsonOrText(text: string): JsonValue {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
