// Something that is done at the start and then again and again, until the process stops.
import type { Logger, Part } from "@chasqui/chassis";

export interface EveryOptions {
  readonly name: string;
  readonly everyMs: number;
  readonly log: Pick<Logger, "warn">;
  readonly round: (signal: AbortSignal) => Promise<void>;
}

/** After a round that failed, so that a neighbour who is late does not cost an hour. */
const AGAIN_MS = 5_000;

export function startEvery({ name, everyMs, log, round }: EveryOptions): Part {
  const stopping = new AbortController();
  const { signal } = stopping;
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();
  const begin = (): void => {
    running = round(signal)
      .then(
        () => everyMs,
        (error: unknown) => {
          if (!signal.aborted) log.warn({ error, name }, "will be tried again");
          return Math.min(everyMs, AGAIN_MS);
        },
      )
      .then((nextMs) => {
        if (!signal.aborted) timer = setTimeout(begin, nextMs);
      });
  };
  begin();
  return {
    name,
    async stop() {
      stopping.abort(new Error(`${name} stops`));
      clearTimeout(timer);
      await running;
    },
  };
}
