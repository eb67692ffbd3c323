// Asks a database once.
// Invariants:
//   Q1. Nothing is written and nothing stays behind: one prepared statement in a read-only transaction, rolled back.
//   Q2. Rows, time and connections are bounded: a look never waits longer for the database than it has.
//   Q3. Numbers are numbers to expressions where that loses nothing, else the text that PostgreSQL wrote.
import { databaseCodeOf, isConflict, isOutage } from "@chasqui/chassis";
import { bindParameters } from "@chasqui/runner";
import type { BoundQuery } from "@chasqui/runner";
import postgres, { type Sql } from "postgres";
import { ROWS_MAX, judgeSql } from "../core/kinds/sql.ts";
import type { SqlConfig } from "../core/kinds/sql.ts";
import type { Json, JsonMap } from "../core/wait.ts";
import { CannotAsk } from "../kinds/kind.ts";
import type { Looker } from "../kinds/kind.ts";
import type { DatabasePools } from "./database-pools.ts";

const QUERY_CANCELED = "57014";
const READ_ONLY = "25006";

export function sqlLooker(pools: DatabasePools): Looker<SqlConfig> {
  return {
    async look(config) {
      const binding = bindParameters(config.query, config.params);
      if (binding.kind === "problem") throw new CannotAsk(`query: ${binding.message}`);
      const rows = await pools.use(config.connection, (sql) => read(sql, binding.query));
      return judgeSql(config, rows, await heldOf(config, rows));
    },
    close: () => pools.close(),
  };
}

/** Ends the transaction without committing what a function may have set in the session. */
class RollBack extends Error {}

async function read(sql: Sql, query: BoundQuery): Promise<JsonMap[]> {
  let rows: JsonMap[] = [];
  try {
    await sql.begin("read only", async (tx) => {
      // Prepared, because only the extended protocol refuses a second statement.
      const statement = tx.unsafe(query.text, [...query.values], { prepare: true });
      for await (const batch of statement.cursor(ROWS_MAX)) {
        rows = batch.map(cellsOf);
        break; // closes the cursor: what is beyond is not read
      }
      throw new RollBack();
    });
  } catch (thrown) {
    if (!(thrown instanceof RollBack)) throw meaningOf(thrown, query);
  }
  return rows;
}

async function heldOf({ expect, failWhen }: SqlConfig, rows: readonly JsonMap[]) {
  if (expect === undefined && failWhen === undefined) return { fits: undefined, fails: undefined };
  const { holds } = await import("./conditions.ts");
  const values = { rows: [...rows], row: rows[0] ?? null };
  return { fits: holds(expect, values), fails: holds(failWhen, values) };
}

function cellsOf(row: Readonly<Record<string, unknown>>): JsonMap {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, cellOf(value)]));
}

function cellOf(value: unknown): Json {
  if (value === null || value === undefined) return null;
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  return JSON.parse(JSON.stringify(value)) as Json; // jsonb and arrays
}

/** What is wrong with the statement ends the wait, placed in the author's text; everything else is "not now". */
function meaningOf(thrown: unknown, query: BoundQuery): Error {
  const sqlstate = databaseCodeOf(thrown);
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const cause = { cause: thrown };
  if (sqlstate === undefined) return new Error(message, cause);
  if (/^(28|3D)/.test(sqlstate))
    return new CannotAsk(message, { ...cause, evidence: { sqlstate } });
  const isOurs = sqlstate === READ_ONLY; // our own transaction; elsewhere it is an old primary
  if (sqlstate === QUERY_CANCELED || isConflict(thrown) || (isOutage(thrown) && !isOurs))
    return new Error(`${message} (${sqlstate})`, cause);
  const position = thrown instanceof postgres.PostgresError ? Number(thrown.position) : Number.NaN;
  const place = position > 0 ? query.placeOf(position) : undefined;
  const where = place === undefined ? "query" : `query:${place.line}:${place.column}`;
  const evidence = { sqlstate, ...place };
  return new CannotAsk(`${where}: ${message} (SQLSTATE ${sqlstate})`, { ...cause, evidence });
}
