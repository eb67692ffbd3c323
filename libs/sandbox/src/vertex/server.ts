// Vertex AI over gRPC, with the real protos, for the production client. A job's fate is scripted
// by its labels (job-script.ts). A small HTTP side shows the request log and takes faults:
//   GET /sandbox/requests   GET /sandbox/jobs   POST|DELETE /sandbox/faults
import type { Server, UntypedServiceImplementation } from "@grpc/grpc-js";
import { numberAt, textAt } from "../web/json.ts";
import { LOCAL_HOST, portError, probePort } from "../web/listen.ts";
import { HttpError, readJson, sendJson, serveHttp } from "../web/serve.ts";
import type { HttpCall } from "../web/serve.ts";
import { createCustomJobs } from "./custom-jobs.ts";
import type { CustomJob } from "./custom-jobs.ts";
import { loadProtos } from "./protos.ts";
import { CODES, RpcError } from "./rpc.ts";
import type { VertexService } from "./rpc.ts";

const REQUESTS_MAX = 20_000;

export interface VertexOptions {
  /** Of the gRPC server. */
  readonly port: number;
  /** Of the HTTP side; 0 when left out. */
  readonly httpPort?: number;
}

export interface VertexRequest {
  readonly time: string;
  readonly method: string;
  readonly request: unknown;
  readonly code: number;
}

export interface VertexFault {
  /** As in `createCustomJob`; any method when left out. */
  readonly method?: string;
  readonly code: number;
  readonly times?: number;
  /** The work is done, only the answer is lost. */
  readonly afterWork?: boolean;
}

export interface VertexStandIn extends AsyncDisposable {
  readonly port: number;
  /** Host and port, as the client's apiEndpoint and port want them. */
  readonly address: string;
  readonly httpUrl: string;
  readonly requests: () => readonly VertexRequest[];
  readonly jobs: () => readonly CustomJob[];
  /** Lets a job succeed that hangs. */
  readonly finish: (name: string) => void;
  readonly fault: (fault: VertexFault) => void;
  stop(): Promise<void>;
}

interface World {
  readonly requests: VertexRequest[];
  faults: { method: string | undefined; code: number; times: number; afterWork: boolean }[];
  listLagMs: number;
}

export async function startVertex(options: VertexOptions): Promise<VertexStandIn> {
  const world: World = { requests: [], faults: [], listLagMs: 0 };
  const customJobs = createCustomJobs({ listLagMs: () => world.listLagMs });
  const services: readonly VertexService[] = [customJobs];
  const { server, port } = await startGrpc(options.port, services, world);
  const httpPort = options.httpPort ?? 0;
  const setting = "CHASQUI_SANDBOX_VERTEX_PORT";
  const http = await serveHttp(
    { port: httpPort, what: "Vertex AI's request log", setting },
    (call) => answerHttp(world, customJobs.jobs, call),
  ).catch((error: unknown) => {
    server.forceShutdown();
    throw error;
  });
  const stop = async () => {
    for (const service of services) service.stop();
    server.forceShutdown();
    await http.stop();
  };
  return {
    port,
    address: `${LOCAL_HOST}:${port}`,
    httpUrl: http.url,
    requests: () => [...world.requests],
    jobs: customJobs.jobs,
    finish: customJobs.finish,
    fault: (fault) => addFault(world, fault),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function startGrpc(
  port: number,
  services: readonly VertexService[],
  world: World,
): Promise<{ server: Server; port: number }> {
  const request = { port, what: "Vertex AI", setting: "CHASQUI_SANDBOX_VERTEX_GRPC_PORT" };
  await probePort(request); // grpc-js itself would say it on stderr, in words that help nobody
  const { default: grpc } = await import("@grpc/grpc-js"); // see protos.ts
  const protos = await loadProtos(services.flatMap((service) => service.protos));
  const server = new grpc.Server();
  for (const service of services) {
    const definition = protos[service.name];
    if (definition === undefined || "format" in definition) {
      throw new Error(`${service.name}: want a service in ${service.protos.join(", ")}`);
    }
    server.addService(definition, implementation(service, world));
  }
  const bound = await new Promise<number>((resolve, reject) => {
    const credentials = grpc.ServerCredentials.createInsecure();
    server.bindAsync(`${LOCAL_HOST}:${port}`, credentials, (error, got) =>
      error === null ? resolve(got) : reject(portError(request, error)),
    );
  });
  return { server, port: bound };
}

function implementation(service: VertexService, world: World): UntypedServiceImplementation {
  const handlers: UntypedServiceImplementation = {};
  for (const [method, work] of Object.entries(service.methods)) {
    handlers[method] = (
      call: { request: unknown },
      respond: (error: { code: number; details: string } | null, answer?: unknown) => void,
    ) => {
      const time = new Date().toISOString();
      const note = (code: number) => {
        world.requests.push({ time, method, request: call.request, code });
        if (world.requests.length > REQUESTS_MAX) world.requests.shift();
      };
      try {
        const fault = takeFault(world, method);
        if (fault !== undefined && !fault.afterWork) throw scripted(fault.code);
        const answer = work(call.request);
        if (fault !== undefined) throw scripted(fault.code);
        note(0);
        respond(null, answer);
      } catch (error) {
        const code = error instanceof RpcError ? error.code : CODES.INTERNAL;
        note(code);
        respond({ code, details: error instanceof Error ? error.message : String(error) });
      }
    };
  }
  return handlers;
}

function scripted(code: number): RpcError {
  return new RpcError(code, "scripted by the sandbox");
}

function takeFault(world: World, method: string): World["faults"][number] | undefined {
  const fault = world.faults.find(
    (one) => one.times > 0 && (one.method === undefined || one.method === method),
  );
  if (fault !== undefined) fault.times -= 1;
  return fault;
}

function addFault(world: World, fault: VertexFault): void {
  const { method, code, times = 1, afterWork = false } = fault;
  world.faults.push({ method, code, times, afterWork });
}

async function answerHttp(
  world: World,
  jobs: () => readonly CustomJob[],
  call: HttpCall,
): Promise<void> {
  const { method, path, request, response } = call;
  switch (`${method} ${path}`) {
    case "GET /sandbox/requests":
      return sendJson(response, 200, { requests: world.requests });
    case "GET /sandbox/jobs":
      return sendJson(response, 200, { jobs: jobs() });
    case "POST /sandbox/faults": {
      const body = await readJson(request, 10_000);
      const lag = numberAt(body, "listLagMs");
      if (lag !== undefined) world.listLagMs = lag;
      else {
        const name = textAt(body, "method");
        addFault(world, {
          ...(name === undefined ? {} : { method: name }),
          code: numberAt(body, "code") ?? CODES.UNAVAILABLE,
          times: numberAt(body, "times") ?? 1,
          afterWork:
            typeof body === "object" &&
            body !== null &&
            "afterWork" in body &&
            body.afterWork === true,
        });
      }
      return sendJson(response, 200, { ok: true });
    }
    case "DELETE /sandbox/faults":
      world.faults = [];
      world.listLagMs = 0;
      return sendJson(response, 200, { ok: true });
    default:
      throw new HttpError(404, `no ${method} ${path} here`);
  }
}
