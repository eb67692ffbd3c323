// Reads a container's log by lines. The client's own log reader ends the process when a connection breaks.
import { LogGone, LogNotYet } from "./cluster.ts";
import type { LogOptions, RawLine } from "./cluster.ts";
import { codeOf } from "@chasqui/kubernetes";
import type { KubeApi } from "@chasqui/kubernetes";

/** A line without an end must not fill the memory. */
const LINE_LENGTH_MAX = 1_048_576;

export async function* readPodLog(
  api: KubeApi,
  pod: { readonly path: string; readonly container: string },
  { follow, since, tailLines, signal }: LogOptions,
): AsyncGenerator<RawLine> {
  const query = {
    container: pod.container,
    timestamps: true,
    follow: follow ? true : undefined,
    sinceTime: since,
    tailLines,
  };
  const path = `${pod.path}/log`;
  const body = await openLog(api, { method: "GET", path, query }, signal);
  if (body !== null) yield* linesOf(body);
}

async function openLog(
  api: KubeApi,
  request: Parameters<KubeApi["stream"]>[0],
  signal: AbortSignal,
): Promise<AsyncIterable<unknown> | null> {
  try {
    return (await api.stream(request, signal)).body;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (codeOf(error) === 404) throw new LogGone(message, { cause: error });
    if (codeOf(error) === 400) throw new LogNotYet(message, { cause: error });
    throw error;
  }
}

async function* linesOf(body: AsyncIterable<unknown>): AsyncGenerator<RawLine> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    if (!(chunk instanceof Uint8Array)) continue;
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const text of lines) yield { text, whole: true };
    if (rest.length > LINE_LENGTH_MAX) {
      yield { text: rest, whole: true };
      rest = "";
    }
  }
  if (rest !== "") yield { text: rest, whole: false };
}
