// What we know of the streams from when we last looked, for the day that one is lost: how far it had come, and what ops
// had chosen for it.
import type { OpsOwned, StreamPosition } from "@chasqui/bus";
import type { Sql } from "postgres";

type Positions = Readonly<Record<string, StreamPosition>>;

export async function readPositions(sql: Sql): Promise<Positions> {
  const rows = await sql<{ stream: string; created: string; last_sequence: string }[]>`
    select stream, created, last_sequence from state_machine.stream_position`;
  return Object.fromEntries(
    rows.map((row) => [
      row.stream,
      { created: row.created, lastSequence: Number(row.last_sequence) },
    ]),
  );
}

export async function notePositions(sql: Sql, positions: Positions): Promise<void> {
  const entries = Object.entries(positions);
  await sql`
    insert into state_machine.stream_position (stream, created, last_sequence)
    select * from unnest(
      ${entries.map(([stream]) => stream)}::text[], ${entries.map(([, p]) => p.created)}::text[],
      ${entries.map(([, p]) => p.lastSequence)}::bigint[]) as t(stream, created, last_sequence)
    order by stream
    on conflict (stream) do update set created = excluded.created, last_sequence = excluded.last_sequence`;
}

/** Of streams and buckets. Written only when it is another than before. */
export async function noteOpsOwned(
  sql: Sql,
  all: Readonly<Record<string, OpsOwned>>,
): Promise<void> {
  const names = Object.keys(all);
  const settings = names.map((name) => JSON.stringify(all[name]));
  await sql`
    insert into state_machine.stream_setting as old (stream, settings)
    select stream, settings::jsonb from unnest(${names}::text[], ${settings}::text[]) as t(stream, settings)
    order by stream
    on conflict (stream) do update set settings = excluded.settings
    where old.settings <> excluded.settings`;
}

export async function readOpsOwned(sql: Sql): Promise<Record<string, OpsOwned>> {
  const rows = await sql<{ stream: string; settings: OpsOwned }[]>`
    select stream, settings from state_machine.stream_setting`;
  return Object.fromEntries(rows.map(({ stream, settings }) => [stream, settings]));
}
