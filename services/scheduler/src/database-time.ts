// The time that ticks follow: PostgreSQL's, so that a machine whose clock is wrong fires nothing early or late,
// and all replicas agree. The difference is measured now and then and added to this process's clock.
import type { Part } from "@chasqui/chassis";
import type { Sql } from "postgres";

export interface DatabaseTime extends Part {
  now(): number;
  /** How far this machine's clock is behind PostgreSQL's. */
  readonly offsetMs: number;
}

const MEASURE_EVERY_MS = 30_000;
/** Of so many answers the quickest counts: it leaves the least doubt about when it was given. */
const TRIES = 3;

export async function startDatabaseTime(sql: Sql): Promise<DatabaseTime> {
  let offsetMs = await measure(sql);
  const timer = setInterval(() => {
    void measure(sql).then(
      (measured) => (offsetMs = measured),
      () => {}, // the database is away: the last measure holds
    );
  }, MEASURE_EVERY_MS);
  return {
    name: "database time",
    now: () => Date.now() + offsetMs,
    get offsetMs() {
      return offsetMs;
    },
    stop() {
      clearInterval(timer);
      return Promise.resolve();
    },
  };
}

async function measure(sql: Sql): Promise<number> {
  let best = { tookMs: Infinity, offsetMs: 0 };
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const askedMs = Date.now();
    const [row] = await sql<{ ms: string }[]>`
      select extract(epoch from clock_timestamp()) * 1000 as ms`;
    const tookMs = Date.now() - askedMs;
    const offsetMs = Number(row?.ms) - (askedMs + tookMs / 2);
    if (tookMs < best.tookMs) best = { tookMs, offsetMs };
  }
  // Below the doubt of the measure itself the own clock is the better one.
  return Math.abs(best.offsetMs) <= Math.max(5, best.tookMs) ? 0 : best.offsetMs;
}
