// A gRPC server as a part of a process: services, health, reflection, traces, an orderly stop.
import { Server, ServerCredentials } from "@grpc/grpc-js";
import type { DescService } from "@bufbuild/protobuf";
import { Health as HealthService, ServerReflection } from "@chasqui/contracts";
import { listenHosts } from "../common-settings.ts";
import type { Health } from "../health.ts";
import type { Logger } from "../logger.ts";
import type { Part } from "../part.ts";
import { noTelemetry, type Telemetry } from "../spans.ts";
import { addByteMethods, type ByteMethod } from "./byte-methods.ts";
import { tracedCalls } from "./call-trace.ts";
import { healthService, servingState } from "./health-service.ts";
import type { ServiceImplementation } from "./implementation.ts";
import { reflectionServices } from "./reflection.ts";

const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;
/** What a stop leaves to calls that do not end, for cancelling them. */
const FORCE_MS = 250;

export interface GrpcServerOptions {
  /** 0 takes any free port. */
  readonly port: number;
  /** CHASQUI_GRPC_HOST, else loopback. */
  readonly host?: string;
  readonly services: readonly ServiceImplementation[];
  readonly log?: Logger;
  readonly telemetry?: Telemetry;
  /** With it, grpc.health.v1 says what /readyz says; without, it serves until the stop. */
  readonly health?: Health;
}

export interface GrpcServer extends Part {
  readonly port: number;
}

/** Serves protobuf-es services. */
export function serveGrpc(options: GrpcServerOptions): Promise<GrpcServer> {
  return startServer(options, [], []);
}

/** Also used by the forwarding door, which adds methods that have no handlers here. */
export async function startServer(
  options: GrpcServerOptions,
  methods: readonly ByteMethod[],
  described: readonly DescService[],
): Promise<GrpcServer> {
  const { health, log, telemetry = noTelemetry } = options;
  const calls = tracedCalls({ log, telemetry });
  const state = servingState(health?.ready ?? true);
  health?.onReady((ready) => state.set(ready));
  const services = [...options.services.map(({ service }) => service), ...described];
  const own = [
    ...options.services,
    healthService(state, new Set(services.map(({ typeName }) => typeName))),
    ...reflectionServices([...services, HealthService, ServerReflection]),
  ];
  const server = new Server({
    "grpc.max_receive_message_length": MESSAGE_BYTES_MAX,
    "grpc.max_send_message_length": MESSAGE_BYTES_MAX,
  });
  const stopping = new AbortController();
  const around = { watch: calls.watch, stopping: stopping.signal };
  for (const one of own) addByteMethods(server, one.methods(calls.contextOf), around);
  if (methods.length > 0) addByteMethods(server, methods, around);
  const port = await bind(server, options.host ?? listenHosts(process.env).grpcHost, options.port);
  log?.info({ port }, "gRPC server listens");
  let stopped: Promise<void> | undefined;
  return {
    name: "grpc",
    port,
    stop(deadlineMs) {
      state.set(false); // before the streams end, so that who watches health is told
      stopped ??= shutdown(server, deadlineMs);
      stopping.abort(new Error("the server is stopping"));
      return stopped;
    },
  };
}

function bind(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`${host}:${port}`, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(new Error(`gRPC server cannot listen on ${host}:${port}`, { cause: error }));
    });
  });
}

/** Lets calls end; those that do not are cancelled at the deadline. */
async function shutdown(server: Server, deadlineMs: number): Promise<void> {
  const ended = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  const timer = setTimeout(() => server.forceShutdown(), Math.max(0, deadlineMs - FORCE_MS));
  await ended;
  clearTimeout(timer);
}
