// `chasqui trace <run> --export`: the run's trace, rebuilt from its history and sent to a collector: the one that the
// OTEL_* variables here name, else the installation's own, by the console.
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { exportTrace, openSpanSender, SpansNotSentError, tracesEndpointOf } from "@chasqui/chassis";
import type { ExportedTrace } from "@chasqui/chassis";
import { printJson, printLines } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { CliError, exitCodes, usageError } from "../errors.ts";
import type { ExitCode } from "../errors.ts";
import { printable } from "../render/style.ts";
import { count } from "../render/text.ts";
import type { Server } from "../server.ts";
import { findRun } from "./run.ts";

interface Sent extends ExportedTrace {
  readonly to: string;
}

export async function exportRunTrace(
  cli: Cli,
  id: string,
  options: { readonly json?: boolean },
): Promise<ExitCode> {
  const url = endpointOf(cli);
  const server = await cli.connect();
  const { run_id: runId } = await findRun(server, id);
  const about = await server.getJson("/api/server");
  const sent =
    url === undefined
      ? await byConsole(server, runId)
      : await fromHere(cli, server, { runId, url, environment: textIn(about, "environment") });
  const link = linkOf(about, sent.traceId);
  if (options.json === true) printJson(cli.out, jsonOf(sent, link));
  else printLines(cli.out, linesOf(sent, link));
  return exitCodes.ok;
}

function endpointOf({ env }: Cli): string | undefined {
  try {
    return tracesEndpointOf(env);
  } catch (cause) {
    throw usageError(cause instanceof Error ? cause.message : String(cause));
  }
}

async function fromHere(
  cli: Cli,
  server: Server,
  o: { readonly runId: string; readonly url: string; readonly environment: string },
): Promise<Sent> {
  const { url, environment } = o;
  const sender = await openSpanSender({ url, environment });
  try {
    const { signal } = cli;
    const { runs } = server;
    const exported = await exportTrace(o.runId, { runs, send: sender.send, options: { signal } });
    return { to: url, ...exported };
  } catch (cause) {
    if (!(cause instanceof SpansNotSentError)) throw cause;
    throw new CliError(exitCodes.unreachable, cause.message, {
      cause,
      hint: "set OTEL_EXPORTER_OTLP_ENDPOINT to a collector that takes OTLP over HTTP (port 4318 as a rule), or unset it to have the console send to its own",
    });
  } finally {
    await sender.stop();
  }
}

async function byConsole(server: Server, runId: string): Promise<Sent> {
  const answer = await server.postJson(`/api/runs/${runId}/trace`, {});
  const runs = listIn(answer, "runs").map((run) => ({
    runId: textIn(run, "runId"),
    dagId: textIn(run, "dagId"),
    spans: numberIn(run, "spans"),
    settled: run["settled"] === true,
  }));
  return {
    to: textIn(answer, "to"),
    traceId: textIn(answer, "traceId"),
    spans: numberIn(answer, "spans"),
    services: valuesIn(answer, "services").filter((one) => typeof one === "string"),
    truncated: isMap(answer) && answer["truncated"] === true,
    runs,
  };
}

function linesOf(sent: Sent, link: string | undefined): string[] {
  const { spans, services, runs, traceId, to, truncated } = sent;
  const open = runs.filter(({ settled }) => !settled);
  const of = runs.length === 1 ? "" : ` of ${count(runs.length, "run")}`;
  return [
    `${count(spans, "span")}${of}, ${count(services.length, "service")}, trace ${traceId}, sent to ${printable(to)}`,
    ...(link === undefined ? [] : [link]),
    ...open.map(
      ({ dagId, runId }) =>
        `run ${runId} of ${printable(dagId)} goes on: what is over was sent; export it again once it has settled`,
    ),
    ...(truncated ? [`there are more runs in this trace than ${count(runs.length, "run")}`] : []),
  ];
}

const jsonOf = (sent: Sent, link: string | undefined): JsonObject => ({
  trace_id: sent.traceId,
  spans: sent.spans,
  services: [...sent.services],
  sent_to: sent.to,
  ...(link === undefined ? {} : { link }),
  truncated: sent.truncated,
  runs: sent.runs.map(({ runId, dagId, spans, settled }) => ({
    run_id: runId,
    dag_id: dagId,
    spans,
    settled,
  })),
});

/** Where people look at a trace. */
function linkOf(about: JsonValue | undefined, traceId: string): string | undefined {
  const links = isMap(about) ? about["links"] : undefined;
  const pattern = textIn(links, "trace");
  return pattern === "" ? undefined : pattern.replace("{trace}", traceId);
}

const isMap = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const valuesIn = (value: JsonValue | undefined, name: string): JsonValue[] => {
  const list = isMap(value) ? value[name] : undefined;
  return Array.isArray(list) ? list : [];
};
const listIn = (value: JsonValue | undefined, name: string): JsonObject[] =>
  valuesIn(value, name).filter(isMap);
const textIn = (value: JsonValue | undefined, name: string): string => {
  const text = isMap(value) ? value[name] : undefined;
  return typeof text === "string" ? text : "";
};
const numberIn = (value: JsonValue | undefined, name: string): number => {
  const number = isMap(value) ? value[name] : undefined;
  return typeof number === "number" ? number : 0;
};
