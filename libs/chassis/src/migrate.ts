// Brings a service's schema up to date: the files that drizzle-kit wrote (`meta/_journal.json` and one .sql each),
// read and recorded as drizzle's own migrator does, forward only, all or nothing.
// Run by our own loop because drizzle's begins with CREATE SCHEMA, which a role that owns only its schema may not
// say even when the schema is there, and because it would load all of drizzle into every service at its start.
// Invariants:
//   M1. Each file is applied exactly once, in the journal's order, however many replicas start at once.
//   M2. Either all new files are applied, or none.
//   M3. A file that was applied and then changed is refused: history is not rewritten.
import { readMigrationFiles } from "drizzle-orm/migrator";
import type { TransactionSql } from "postgres";
import { clientOf, schemaOf } from "./database.ts";

const TABLE = "__drizzle_migrations";

export interface MigrateOptions {
  /** The address of the service's own role. */
  readonly url: string;
  /** `services/<name>/drizzle`, or its copy next to the bundle. */
  readonly folder: string;
}

interface Migration {
  readonly sql: readonly string[];
  readonly hash: string;
  readonly folderMillis: number;
}

/** Answers how many files were applied. */
export async function migrateDatabase({ url, folder }: MigrateOptions): Promise<number> {
  const files = filesOf(folder);
  const schema = schemaOf(url);
  const sql = clientOf(url, { connectionsMax: 1, applicationName: `migrate ${schema}` });
  try {
    return await sql.begin(async (tx) => {
      await tx`select pg_advisory_xact_lock(hashtextextended(${`chasqui migrate ${schema}`}, 0))`;
      return await applyNew(tx, { schema, folder, files });
    });
  } finally {
    await sql.end({ timeout: 5 });
  }
}

function filesOf(folder: string): Migration[] {
  try {
    return readMigrationFiles({ migrationsFolder: folder });
  } catch (cause) {
    throw new Error(`${folder}: no migrations: want meta/_journal.json and its .sql files there`, {
      cause,
    });
  }
}

async function applyNew(
  tx: TransactionSql,
  { schema, folder, files }: { schema: string; folder: string; files: readonly Migration[] },
): Promise<number> {
  await ensureTable(tx, schema);
  const applied = await tx<{ hash: string; created_at: string }[]>`
    select hash, created_at from ${tx(schema)}.${tx(TABLE)} order by created_at`;
  const hashes = new Map(applied.map((row) => [Number(row.created_at), row.hash]));
  const latest = Math.max(0, ...hashes.keys());
  let count = 0;
  for (const file of files) {
    const hash = hashes.get(file.folderMillis);
    if (hash !== undefined && hash !== file.hash)
      throw new Error(
        `${folder}: the file of ${new Date(file.folderMillis).toISOString()} changed after it was applied to schema ${schema}: want a new file instead`,
      );
    if (file.folderMillis <= latest) continue;
    for (const statement of file.sql) await tx.unsafe(statement);
    await tx`
      insert into ${tx(schema)}.${tx(TABLE)} (hash, created_at) values (${file.hash}, ${file.folderMillis})`;
    count += 1;
  }
  return count;
}

/** The role may own its schema without the right to create any. */
async function ensureTable(tx: TransactionSql, schema: string): Promise<void> {
  const [found] = await tx`select 1 from pg_namespace where nspname = ${schema}`;
  if (found === undefined) await tx`create schema ${tx(schema)}`;
  await tx`
    create table if not exists ${tx(schema)}.${tx(TABLE)} (
      id serial primary key, hash text not null, created_at bigint)`;
}
