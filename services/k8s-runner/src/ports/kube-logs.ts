// Reads a container's log with undici: the client's own log reader ends the process when a connection breaks.
import { HttpMethod, RequestContext } from "@kubernetes/client-node";
import type { KubeConfig } from "@kubernetes/client-node";
import { fetch } from "undici";
import type { Dispatcher, Response } from "undici";
import { LogGone, LogNotYet } from "./cluster.ts";
import type { LogOptions, RawLine } from "./cluster.ts";

/** A line without an end must not fill the memory. */
const LINE_BYTES_MAX = 1_048_576;

export async function* readPodLog(
  config: KubeConfig,
  pod: { readonly namespace: string; readonly name: string; readonly container: string },
  { follow, since, tailLines, signal }: LogOptions,
): AsyncGenerator<RawLine> {
  const server = config.getCurrentCluster()?.server ?? "";
  const path = `/api/v1/namespaces/${pod.namespace}/pods/${encodeURIComponent(pod.name)}/log`;
  const url = new URL(server.replace(/\/$/, "") + path);
  url.searchParams.set("container", pod.container);
  url.searchParams.set("timestamps", "true");
  if (follow) url.searchParams.set("follow", "true");
  if (tailLines !== undefined) url.searchParams.set("tailLines", String(tailLines));
  if (since !== undefined) url.searchParams.set("sinceTime", since);
  const context = new RequestContext(url.toString(), HttpMethod.GET);
  await config.applySecurityAuthentication(context);
  const dispatcher = dispatcherOf(context);
  const response = await fetch(url, {
    headers: context.getHeaders(),
    signal,
    ...(dispatcher === undefined ? {} : { dispatcher }),
  });
  if (!response.ok) throw await refusal(response, pod.name);
  yield* linesOf(response.body);
}

function dispatcherOf(context: RequestContext): Dispatcher | undefined {
  const dispatcher: unknown = context.getDispatcher();
  return isDispatcher(dispatcher) ? dispatcher : undefined;
}

const isDispatcher = (value: unknown): value is Dispatcher =>
  typeof value === "object" && value !== null && "dispatch" in value;

async function refusal(response: Response, name: string): Promise<Error> {
  const body = (await response.text()).slice(0, 500);
  const message = `log of pod ${name}: HTTP ${response.status}: ${body}`;
  if (response.status === 404) return new LogGone(message);
  return response.status === 400 ? new LogNotYet(message) : new Error(message);
}

async function* linesOf(body: AsyncIterable<unknown> | null): AsyncGenerator<RawLine> {
  if (body === null) return;
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    if (!(chunk instanceof Uint8Array)) continue;
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const text of lines) yield { text, whole: true };
    if (rest.length > LINE_BYTES_MAX) {
      yield { text: rest, whole: true };
      rest = "";
    }
  }
  if (rest !== "") yield { text: rest, whole: false };
}
