// The one door: HTTP for what browsers see too, gRPC for the rest; the server itself says where its gRPC listens.
import type { JsonValue } from "@bufbuild/protobuf";
import { RpcCode, RpcError, createGrpcClient } from "@chasqui/chassis";
import type { GrpcClient } from "@chasqui/chassis";
import {
  BackfillService,
  ConnectionService,
  ApprovalService,
  DagService,
  LogService,
  ExplainService,
  PoolService,
  ReportService,
  RunService,
  ScheduleService,
} from "@chasqui/contracts";
import { CliError, exitCodes } from "./errors.ts";
import { httpGet } from "./http-get.ts";
import type { HttpAnswer } from "./http-get.ts";

export interface Server {
  readonly url: string;
  readonly dags: GrpcClient<typeof DagService>;
  readonly runs: GrpcClient<typeof RunService>;
  readonly logs: GrpcClient<typeof LogService>;
  readonly schedules: GrpcClient<typeof ScheduleService>;
  readonly backfills: GrpcClient<typeof BackfillService>;
  readonly reports: GrpcClient<typeof ReportService>;
  readonly explain: GrpcClient<typeof ExplainService>;
  readonly pools: GrpcClient<typeof PoolService>;
  readonly connections: GrpcClient<typeof ConnectionService>;
  readonly approvals: GrpcClient<typeof ApprovalService>;
  /** GET below the server's address; undefined for 404. */
  getJson(path: string): Promise<JsonValue | undefined>;
  close(): void;
}

export interface ConnectOptions {
  readonly url: string;
  /** Who asks, for the audit: user:ana. */
  readonly principal: string;
  readonly signal: AbortSignal;
}

const HTTP_TIMEOUT_MS = 10_000;

export async function connectServer({ url, principal, signal }: ConnectOptions): Promise<Server> {
  const base = parseUrl(url);
  const getJson = (path: string): Promise<JsonValue | undefined> => fetchJson(base, path, signal);
  const address = grpcAddress(base, await getJson("/api/server"));
  const clients = {
    dags: createGrpcClient(DagService, address, { principal }),
    runs: createGrpcClient(RunService, address, { principal }),
    logs: createGrpcClient(LogService, address, { principal }),
    schedules: createGrpcClient(ScheduleService, address, { principal }),
    backfills: createGrpcClient(BackfillService, address, { principal }),
    reports: createGrpcClient(ReportService, address, { principal }),
    explain: createGrpcClient(ExplainService, address, { principal }),
    pools: createGrpcClient(PoolService, address, { principal }),
    connections: createGrpcClient(ConnectionService, address, { principal }),
    approvals: createGrpcClient(ApprovalService, address, { principal }),
  };
  return {
    url: base.href.replace(/\/$/, ""),
    ...clients,
    getJson,
    close: () => Object.values(clients).forEach((client) => client.close()),
  };
}

function parseUrl(url: string): URL {
  const full = /^[a-z]+:\/\//.test(url) ? url : `http://${url}`;
  const parsed = URL.canParse(full) ? new URL(full) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol))
    throw new CliError(
      exitCodes.usage,
      `server ${JSON.stringify(url)}: want an address such as http://host:8700`,
      {
        hint: "set CHASQUI_SERVER or give --server",
      },
    );
  return parsed;
}

async function fetchJson(
  base: URL,
  path: string,
  signal: AbortSignal,
): Promise<JsonValue | undefined> {
  const url = new URL(path.replace(/^\//, ""), base.href.endsWith("/") ? base : `${base.href}/`);
  let answer: HttpAnswer;
  try {
    answer = await httpGet(url, AbortSignal.any([signal, AbortSignal.timeout(HTTP_TIMEOUT_MS)]));
  } catch (cause) {
    throw unreachable(base.origin, reasonOf(cause), cause);
  }
  const { status, body } = answer;
  if (status === 404) return undefined;
  if (status < 200 || status > 299)
    throw new CliError(
      status >= 500 ? exitCodes.unreachable : exitCodes.failed,
      `${url.href} answers ${status}: ${body.slice(0, 300)}`,
    );
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw unreachable(base.origin, `${url.href} does not answer JSON`, cause);
  }
}

function unreachable(origin: string, reason: string, cause: unknown): CliError {
  return new CliError(exitCodes.unreachable, `no Chasqui server at ${origin}: ${reason}`, {
    cause,
    hint: "start one with `npm start`, or set CHASQUI_SERVER to the console's address",
  });
}

function reasonOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.errors[0] instanceof Error)
    return thrown.errors[0].message; // one error per address of the name
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.name === "AbortError"
    ? `no answer for ${HTTP_TIMEOUT_MS / 1_000} s`
    : thrown.message;
}

/** `{ "grpc": "host:port" }`; a host that means "here" on the server means the server's host to us. */
function grpcAddress(base: URL, answer: JsonValue | undefined): string {
  const grpc =
    typeof answer === "object" && answer !== null && !Array.isArray(answer)
      ? answer["grpc"]
      : undefined;
  const [, host, port] = typeof grpc === "string" ? (/^(.*):(\d{1,5})$/.exec(grpc) ?? []) : [];
  if (host === undefined || port === undefined)
    throw unreachable(
      base.origin,
      "something else listens there: /api/server does not name a gRPC address",
      answer,
    );
  const here = host === "" || host === "0.0.0.0" || host === "[::]";
  return `${here ? base.hostname : host}:${port}`;
}

/** An error of a call as the user shall read it. */
export function fromRpc(thrown: unknown, url: string): unknown {
  if (!(thrown instanceof RpcError)) return thrown;
  switch (thrown.code) {
    case RpcCode.NOT_FOUND:
      return new CliError(exitCodes.notFound, thrown.message, { cause: thrown });
    case RpcCode.UNAVAILABLE:
    case RpcCode.DEADLINE_EXCEEDED:
      return unreachable(url, thrown.message, thrown);
    default:
      return new CliError(exitCodes.failed, thrown.message, { cause: thrown });
  }
}
