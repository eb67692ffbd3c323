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
import { httpAsk } from "./http-ask.ts";
import type { HttpAnswer } from "./http-ask.ts";

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
  /** POST below the server's address, for what may take minutes; undefined for 404. */
  postJson(path: string, body: JsonValue): Promise<JsonValue | undefined>;
  close(): void;
}

export interface ConnectOptions {
  readonly url: string;
  /** Who asks, for the audit: user:ana. */
  readonly principal: string;
  readonly signal: AbortSignal;
}

const HTTP_TIMEOUT_MS = 10_000;
const POST_TIMEOUT_MS = 300_000;

export async function connectServer({ url, principal, signal }: ConnectOptions): Promise<Server> {
  const base = parseUrl(url);
  const getJson = (path: string): Promise<JsonValue | undefined> =>
    fetchJson(base, path, { signal });
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
    postJson: (path, body) => fetchJson(base, path, { signal, json: JSON.stringify(body) }),
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
  { signal, json }: { readonly signal: AbortSignal; readonly json?: string },
): Promise<JsonValue | undefined> {
  const url = new URL(path.replace(/^\//, ""), base.href.endsWith("/") ? base : `${base.href}/`);
  const timeoutMs = json === undefined ? HTTP_TIMEOUT_MS : POST_TIMEOUT_MS;
  let answer: HttpAnswer;
  try {
    const late = AbortSignal.timeout(timeoutMs);
    answer = await httpAsk(url, {
      signal: AbortSignal.any([signal, late]),
      ...(json === undefined ? {} : { json }),
    });
  } catch (cause) {
    throw unreachable(base.origin, reasonOf(cause, timeoutMs), cause);
  }
  const { status, body } = answer;
  if (status === 404) return undefined;
  if (status < 200 || status > 299) throw refused(url, { status, body });
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw unreachable(base.origin, `${url.href} does not answer JSON`, cause);
  }
}

/** The console's errors are { error, hint }; anything else is shown as it came. */
function refused(url: URL, { status, body }: HttpAnswer): CliError {
  const code = status >= 500 ? exitCodes.unreachable : exitCodes.failed;
  const told = errorIn(body);
  return told === undefined
    ? new CliError(code, `${url.href} answers ${status}: ${body.slice(0, 300)}`)
    : new CliError(code, told.error, told.hint === undefined ? {} : { hint: told.hint });
}

function errorIn(body: string): { error: string; hint?: string } | undefined {
  let value: JsonValue;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const { error, hint } = value;
  if (typeof error !== "string") return undefined;
  return typeof hint === "string" ? { error, hint } : { error };
}

function unreachable(origin: string, reason: string, cause: unknown): CliError {
  return new CliError(exitCodes.unreachable, `no Chasqui server at ${origin}: ${reason}`, {
    cause,
    hint: "start one with `npm start`, or set CHASQUI_SERVER to the console's address",
  });
}

function reasonOf(thrown: unknown, timeoutMs: number): string {
  if (thrown instanceof AggregateError && thrown.errors[0] instanceof Error)
    return thrown.errors[0].message; // one error per address of the name
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.name === "AbortError" ? `no answer for ${timeoutMs / 1_000} s` : thrown.message;
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
