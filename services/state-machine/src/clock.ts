// The time of decisions: PostgreSQL's, so that replicas agree; measured now and then, and kept by the monotonic clock.
import type { Logger } from "@chasqui/chassis";
import type { Sql } from "postgres";

const EVERY_MS = 30_000;

export interface Clock {
  /** Milliseconds since 1970 by PostgreSQL's clock. */
  readonly now: () => number;
  stop(): void;
}

export async function startClock(sql: Sql, log: Logger): Promise<Clock> {
  let offsetMs = await measure(sql);
  const timer = setInterval(() => {
    measure(sql).then(
      (measured) => (offsetMs = measured),
      (thrown: unknown) =>
        log.debug({ err: thrown }, "the database's clock was not read; the last offset stands"),
    );
  }, EVERY_MS);
  timer.unref();
  return {
    now: () => Math.round(performance.timeOrigin + performance.now() + offsetMs),
    stop: () => clearInterval(timer),
  };
}

/** The best of three: the one with the shortest round trip lies least. */
async function measure(sql: Sql): Promise<number> {
  let best = { tripMs: Infinity, offsetMs: 0 };
  for (let i = 0; i < 3; i++) {
    const before = performance.timeOrigin + performance.now();
    const [row] = await sql<
      { ms: number }[]
    >`select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms`;
    const after = performance.timeOrigin + performance.now();
    if (row !== undefined && after - before < best.tripMs)
      best = { tripMs: after - before, offsetMs: row.ms - (before + after) / 2 };
  }
  return best.offsetMs;
}
