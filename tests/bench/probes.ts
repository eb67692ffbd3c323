// What one hop and one commit cost here and now: the unit in which the other figures are read.
import postgres from "postgres";
import { median, round } from "./stats.ts";
import type { Bench } from "./world.ts";

const TIMES = 400;

export async function probes({ bus, world }: Bench): Promise<Record<string, number>> {
  return {
    hop_ms: round(await hop(bus), 3),
    commit_ms: round(await commit(world.postgres.url("chasqui")), 3),
  };
}

/** One message through the broker and back to this process. */
async function hop(bus: Bench["bus"]): Promise<number> {
  const subject = bus.inbox();
  let arrived = (): void => undefined;
  const subscription = bus.subscribePlain(subject, () => arrived());
  const samples: number[] = [];
  for (let i = 0; i < TIMES; i++) {
    const startMs = performance.now();
    await new Promise<void>((resolve) => {
      arrived = resolve;
      bus.publishPlain(subject, new Uint8Array(85));
    });
    samples.push(performance.now() - startMs);
  }
  subscription.unsubscribe();
  return median(samples);
}

/** One row, one durable commit. */
async function commit(url: string): Promise<number> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  await sql`create table if not exists bench_probe (n int)`;
  const samples: number[] = [];
  for (let i = 0; i < TIMES; i++) {
    const startMs = performance.now();
    await sql`insert into bench_probe values (${i})`;
    samples.push(performance.now() - startMs);
  }
  await sql.end();
  return median(samples);
}
