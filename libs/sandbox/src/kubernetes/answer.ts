// Every request: scripted faults, discovery, the API itself, and what only a stand-in has:
//   GET /sandbox/requests?method=&path=&name=&status=   GET /sandbox/pod-creates
//   POST|DELETE /sandbox/faults                          see faults.ts
import { textAt } from "../web/json.ts";
import { readJson } from "../web/serve.ts";
import type { HttpCall } from "../web/serve.ts";
import { handleApi } from "./handle.ts";
import type { Cluster } from "./handle.ts";
import { createReply } from "./reply.ts";
import type { Reply } from "./reply.ts";
import type { RequestLog } from "./request-log.ts";
import { discoveryAt } from "./resources.ts";
import { methodNotAllowed, noSuchPath, StatusError } from "./status-error.ts";

export interface ApiWorld extends Cluster {
  readonly requests: RequestLog;
  /** Drops every open connection. */
  readonly cut: () => void;
}

export async function answerRequest(world: ApiWorld, call: HttpCall): Promise<void> {
  const { method, path, query, response } = call;
  const isOurs = path.startsWith("/sandbox/");
  const reply = createReply(response, ({ status, name }) => {
    if (!isOurs) world.requests.add({ method, path, query: query.toString(), name, status });
  });
  try {
    if (isOurs) await answerSandbox(world, call, reply);
    else await answerApi(world, call, reply);
  } catch (error) {
    if (response.headersSent) throw error;
    const failure = StatusError.from(error);
    const retryAfter = failure.details?.retryAfterSeconds;
    const headers = retryAfter === undefined ? {} : { "retry-after": String(retryAfter) };
    reply.json(failure.code, failure.toStatus(), headers);
  }
}

async function answerApi(world: ApiWorld, call: HttpCall, reply: Reply): Promise<void> {
  const { method, path } = call;
  const drop = world.faults.strikeApi(method, path);
  if (drop !== undefined) {
    reply.loseAnswer();
    if (!drop.work) return reply.json(0, undefined);
  }
  const document = discoveryAt(path.replace(/\/$/, ""), call.request.headers.host ?? "");
  if (["/livez", "/readyz", "/healthz"].includes(path)) reply.stream("text/plain").end("ok");
  else if (document !== undefined) reply.json(200, document);
  else await handleApi(world, call, reply);
}

async function answerSandbox(world: ApiWorld, call: HttpCall, reply: Reply): Promise<void> {
  const { method, path, query, request } = call;
  switch (path) {
    case "/sandbox/requests":
      return reply.json(200, { requests: world.requests.find(query) });
    case "/sandbox/pod-creates":
      return reply.json(200, Object.fromEntries(world.requests.podCreates()));
    case "/sandbox/faults":
      if (method === "POST") addFault(world, await readJson(request, 100_000));
      else if (method === "DELETE") world.faults.clear();
      else throw methodNotAllowed();
      return reply.json(200, { ok: true });
    default:
      throw noSuchPath();
  }
}

/** compact: older watches are 410 from now on. cut: every open connection is dropped. */
export function addFault(world: Pick<ApiWorld, "store" | "faults" | "cut">, body: unknown): void {
  const kind = textAt(body, "kind");
  if (kind === "compact") world.store.compact();
  else if (kind === "cut") setImmediate(world.cut); // after the answer to who asked for it
  else world.faults.add(body);
}
