// Requests to the API server: KubeConfig authenticates, undici sends, JSON comes back as it is.
// The client's typed API is not used: its 700 models cost a third of this process, and it turns each pod of each list
// into objects that we would only read a few fields of.
// Invariant: every request ends: after REQUEST_MS without an answer it is an error like any other.
import type { KubeConfig } from "@kubernetes/client-node/dist/config.js";
import { HttpMethod, RequestContext } from "@kubernetes/client-node/dist/gen/http/http.js";
import { fetch } from "undici";
import type { Dispatcher, Response } from "undici";
import { KubeError } from "./kube-error.ts";

const REQUEST_MS = 30_000;

export interface KubeRequest {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
}

export interface KubeApi {
  /** The answer's JSON; rejects with KubeError when the server refuses. The signal ends it early. */
  json(request: KubeRequest, signal?: AbortSignal): Promise<unknown>;
  /** The answer as it comes; ends with the signal only. */
  stream(request: KubeRequest, signal: AbortSignal): Promise<Response>;
}

export function kubeApi(config: KubeConfig): KubeApi {
  const send = async (request: KubeRequest, signal: AbortSignal): Promise<Response> => {
    const { method, body, contentType = "application/json" } = request;
    const url = urlOf(config, request);
    const context = new RequestContext(url.toString(), HttpMethod.GET);
    await config.applySecurityAuthentication(context);
    const dispatcher = dispatcherOf(context);
    const response = await fetch(url, {
      method,
      signal,
      headers: {
        accept: "application/json",
        ...context.getHeaders(),
        ...(body === undefined ? {} : { "content-type": contentType }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(dispatcher === undefined ? {} : { dispatcher }),
    });
    if (response.ok) return response;
    throw KubeError.of({ code: response.status, body: await response.text(), what: url.pathname });
  };
  return {
    async json(request, signal) {
      const late = AbortSignal.timeout(REQUEST_MS);
      const response = await send(request, signal ? AbortSignal.any([late, signal]) : late);
      return response.json();
    },
    stream: (request, signal) => send(request, signal),
  };
}

function urlOf(config: KubeConfig, { path, query = {} }: KubeRequest): URL {
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) throw new Error("kubernetes: no cluster in the kubeconfig's context");
  const url = new URL(server.replace(/\/$/, "") + path);
  for (const [name, value] of Object.entries(query))
    if (value !== undefined) url.searchParams.set(name, String(value));
  return url;
}

function dispatcherOf(context: RequestContext): Dispatcher | undefined {
  const dispatcher: unknown = context.getDispatcher();
  return isDispatcher(dispatcher) ? dispatcher : undefined;
}

const isDispatcher = (value: unknown): value is Dispatcher =>
  typeof value === "object" && value !== null && "dispatch" in value;
