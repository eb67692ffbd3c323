// Notes, lazily, up to which version a run's events were published. Behind means only that the sweeper says them again.
import type { Logger } from "@chasqui/chassis";
import type { Sql } from "postgres";
import type { CachedRun } from "./core/aggregates.ts";

const EVERY_MS = 1_000;
const ROWS_MAX = 5_000;

export interface Announcer {
  announced(run: CachedRun, version: number): void;
  flush(): Promise<void>;
  stop(): Promise<void>;
}

export function createAnnouncer(sql: Sql, log: Logger): Announcer {
  const behind = new Map<string, number>();
  let flushing: Promise<void> = Promise.resolve();

  async function write(): Promise<void> {
    while (behind.size > 0) {
      const rows = [...behind].slice(0, ROWS_MAX);
      for (const [runId] of rows) behind.delete(runId);
      await sql`
        update state_machine.run r set announced_version = greatest(r.announced_version, i.version)
        from unnest(${rows.map(([id]) => id)}::text[], ${rows.map(([, v]) => v)}::int[]) as i(run_id, version)
        where r.run_id = i.run_id`;
    }
  }
  const flush = (): Promise<void> =>
    (flushing = flushing.then(write).catch((thrown: unknown) => {
      log.debug(
        { err: thrown },
        "announced versions not written; the sweeper says those events again",
      );
    }));
  const timer = setInterval(() => void flush(), EVERY_MS);
  timer.unref();

  return {
    announced(run, version) {
      if (run.announced !== version - 1) return; // a gap: the sweeper fills it
      run.announced = version;
      behind.set(run.meta.runId, version);
    },
    flush,
    async stop() {
      clearInterval(timer);
      await flush();
    },
  };
}
