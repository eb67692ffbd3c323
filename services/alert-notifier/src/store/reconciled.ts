// Up to when settled runs were compared with our incidents.
import type { Sql } from "postgres";

const NAME = "runs";

export async function reconciledBefore(sql: Sql): Promise<Date | undefined> {
  const [row] = await sql<{ settled_before: Date }[]>`
    select settled_before from reconciled where name = ${NAME}`;
  return row?.settled_before;
}

/** Only ever moves forward: of two replicas the one that looked further counts. */
export async function noteReconciled(sql: Sql, settledBefore: Date): Promise<void> {
  await sql`
    insert into reconciled (name, settled_before) values (${NAME}, ${settledBefore})
    on conflict (name) do update
    set settled_before = greatest(reconciled.settled_before, excluded.settled_before)`;
}
