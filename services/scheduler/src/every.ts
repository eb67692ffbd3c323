// Work that is done again and again, one round at a time; a round that fails is logged and the next one comes.
import type { Logger, Part } from "@chasqui/chassis";

export interface EveryOptions {
  readonly name: string;
  readonly everyMs: number;
  readonly log: Logger;
  round(signal: AbortSignal): Promise<void>;
}

export function startEvery(o: EveryOptions): Part {
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    running ??= o
      .round(stopping.signal)
      .catch((error: unknown) => {
        if (!stopping.signal.aborted)
          o.log.warn({ error, work: o.name }, "a round failed; the next one tries again");
      })
      .finally(() => (running = undefined));
  }, o.everyMs);
  return {
    name: o.name,
    async stop() {
      clearInterval(timer);
      stopping.abort(new Error(`${o.name} is stopping`));
      await running;
    },
  };
}
