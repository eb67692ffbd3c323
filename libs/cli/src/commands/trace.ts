// `chasqui trace <run>`: the run's spans as a tree, through every service.
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { printJson, printLines } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { CliError, exitCodes } from "../errors.ts";
import type { ExitCode } from "../errors.ts";
import { count } from "../render/text.ts";
import { formatSpan } from "../render/time.ts";
import { renderTree, treeOf } from "../render/trace-tree.ts";
import type { Span } from "../render/trace-tree.ts";
import { findRun } from "./run.ts";

export async function trace(
  cli: Cli,
  id: string,
  options: { readonly json?: boolean },
): Promise<ExitCode> {
  const server = await cli.connect();
  const run = await findRun(server, id);
  const answer = await server.getJson(`/api/runs/${run.run_id}/trace`);
  const spans = spansOf(answer);
  if (spans.length === 0)
    throw new CliError(
      exitCodes.notFound,
      `no spans of run ${run.run_id} (trace ${run.trace_id})`,
      {
        hint: "spans come a few seconds late; of a run that was not sampled, `chasqui trace <run> --export` makes them from its history",
      },
    );
  if (options.json === true) {
    printJson(cli.out, answer);
    return exitCodes.ok;
  }
  const start = Math.min(...spans.map(({ startMs }) => startMs));
  const end = Math.max(...spans.map(({ startMs, durationMs }) => startMs + durationMs));
  const services = new Set(spans.map(({ service }) => service));
  printLines(cli.out, [
    ...renderTree(treeOf(spans), { style: cli.out.style, width: cli.out.columns }),
    "",
    `${count(spans.length, "span")}, ${count(services.size, "service")}, ${formatSpan(end - start)}, trace ${run.trace_id}`,
  ]);
  return exitCodes.ok;
}

const isMap = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const listOf = (value: JsonValue | undefined): JsonObject[] =>
  Array.isArray(value) ? value.filter(isMap) : [];
const textOf = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");
const numberOf = (value: JsonValue | undefined): number => (typeof value === "number" ? value : 0);

/** Jaeger's JSON: `{ data: [{ spans, processes }] }`, times in microseconds. */
export function spansOf(answer: JsonValue | undefined): Span[] {
  const traces = isMap(answer) ? listOf(answer["data"]) : [];
  return traces.flatMap((one) => {
    const processes = isMap(one["processes"]) ? one["processes"] : {};
    return listOf(one["spans"]).map((span): Span => {
      const process = processes[textOf(span["processID"])];
      const parent = listOf(span["references"]).find(({ refType }) => refType === "CHILD_OF");
      return {
        spanId: textOf(span["spanID"]),
        parentId: parent === undefined ? undefined : textOf(parent["spanID"]),
        name: textOf(span["operationName"]),
        service: isMap(process) ? textOf(process["serviceName"]) : "",
        startMs: numberOf(span["startTime"]) / 1_000,
        durationMs: numberOf(span["duration"]) / 1_000,
        error: listOf(span["tags"]).some(({ key, value }) => key === "error" && value === true),
      };
    });
  });
}
