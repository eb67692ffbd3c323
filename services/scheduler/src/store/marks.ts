// Up to when something was compared with the state machine.
import type { Sql } from "postgres";

export async function readMark(sql: Sql, name: string): Promise<number | undefined> {
  const [row] = await sql<{ at: Date }[]>`select at from mark where name = ${name}`;
  return row?.at.getTime();
}

/** Only ever moves forward: of two replicas the one that looked further counts. */
export async function moveMark(sql: Sql, name: string, atMs: number): Promise<void> {
  await sql`
    insert into mark (name, at) values (${name}, ${new Date(atMs)})
    on conflict (name) do update set at = greatest(mark.at, excluded.at)`;
}
