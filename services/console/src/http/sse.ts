// Server-sent events: one response that stays open. A reader that is slow is waited for, one that left ends the work.
import type { FastifyReply } from "fastify";

export interface EventStream {
  /** Aborted when the reader left. */
  readonly signal: AbortSignal;
  /** Resolves when the reader can take more. */
  send(event: string, data: unknown): Promise<void>;
  end(): void;
}

/** Proxies and readers give up on a silent connection; a comment keeps it warm. */
const HEARTBEAT_MS = 15_000;

/** Takes the response over. Errors before this call are answered as JSON, later ones by the event `failure`. */
export function openEvents(reply: FastifyReply): EventStream {
  reply.hijack();
  const { raw } = reply;
  const controller = new AbortController();
  const heartbeat = setInterval(() => raw.write(":\n\n"), HEARTBEAT_MS);
  raw.once("close", () => {
    clearInterval(heartbeat);
    controller.abort(new Error("the reader left"));
  });
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) raw.setHeader(name, value);
  raw.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
  });
  raw.write("retry: 2000\n\n");
  return {
    signal: controller.signal,
    async send(event, data) {
      if (raw.destroyed) return;
      if (raw.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)) return;
      await new Promise<void>((resolve) => {
        raw.once("drain", resolve);
        raw.once("close", resolve);
      });
    },
    end: () => void raw.end(),
  };
}

/** Sends the latest value whenever there is a newer one, and never more often than every `apartMs`. */
export async function sendLatest<T>(
  values: AsyncIterable<T>,
  send: (value: T) => Promise<void>,
  options: { readonly apartMs: number; readonly signal: AbortSignal },
): Promise<void> {
  let latest: { value: T } | undefined;
  let ended = false;
  let changed = Promise.withResolvers<void>();
  const reading = (async () => {
    try {
      for await (const value of values) {
        latest = { value };
        changed.resolve();
      }
    } finally {
      ended = true;
      changed.resolve();
    }
  })();
  reading.catch(() => {}); // awaited below; until then nobody may call it unhandled
  options.signal.addEventListener("abort", () => changed.resolve(), { once: true });
  while (!options.signal.aborted) {
    await changed.promise;
    changed = Promise.withResolvers();
    const now = latest;
    latest = undefined;
    if (now !== undefined) await send(now.value);
    if (ended && latest === undefined) break;
    if (ended) changed.resolve();
    else await new Promise((resolve) => setTimeout(resolve, options.apartMs));
  }
  await reading;
}
