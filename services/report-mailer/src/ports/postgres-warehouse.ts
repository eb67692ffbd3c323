// A report's data from PostgreSQL.
// Invariants:
//   W1. Nothing is written: the session and the transaction are read-only, and a query is one prepared statement.
//   W2. All queries of a report see the same snapshot.
//   W3. Rows, time and connections are bounded.
//   W4. Exact numbers, dates and times arrive as PostgreSQL writes them, never through floating point or a time zone.
import { databaseCodeOf, isConflict, isOutage, maskPasswordOf } from "@chasqui/chassis";
import postgres, { type Sql, type TransactionSql } from "postgres";
import type { Cell, Row } from "../core/rows.ts";
import { type NamedQuery, QueryError, type ReadWarehouse } from "./warehouse.ts";

const BATCH_ROWS = 500;
const CONNECT_SECONDS_MAX = 5;
const END_SECONDS_MAX = 2;

const QUERY_CANCELED = "57014";
const READ_ONLY = "25006";
/** Types whose text says more than a JavaScript value would: dates, times, JSON. */
const AS_TEXT = [1082, 1083, 1114, 1184, 1266, 114, 3802];

export function postgresWarehouse(
  url: string,
  { statementMsMax }: { readonly statementMsMax: number },
): ReadWarehouse {
  maskPasswordOf(url);
  return async (queries, { signal }) => {
    const sql = open(url, statementMsMax);
    const stop = (): void => void sql.end({ timeout: 0 });
    signal.addEventListener("abort", stop, { once: true });
    try {
      return await sql.begin("isolation level repeatable read read only", async (tx) => {
        const results: Row[][] = [];
        for (const query of queries) results.push(await rowsOf(tx, query));
        return results;
      });
    } catch (thrown) {
      throw thrown instanceof QueryError ? thrown : connectionError(thrown, sql);
    } finally {
      signal.removeEventListener("abort", stop);
      await sql.end({ timeout: END_SECONDS_MAX });
    }
  };
}

function open(url: string, statementMsMax: number): Sql {
  return postgres(url, {
    max: 1,
    connect_timeout: CONNECT_SECONDS_MAX,
    onnotice: () => {},
    types: {
      text: {
        to: 25,
        from: AS_TEXT,
        serialize: (value: string) => value,
        parse: (text: string) => text,
      },
    },
    connection: {
      application_name: "chasqui report-mailer",
      statement_timeout: statementMsMax,
      default_transaction_read_only: true,
    },
  });
}

async function rowsOf(tx: TransactionSql, { name, query, rowsMax }: NamedQuery): Promise<Row[]> {
  const rows: Row[] = [];
  try {
    // Prepared, because only the extended protocol refuses a second statement.
    const statement = tx.unsafe(query.text, [...query.values], { prepare: true });
    for await (const batch of statement.cursor(BATCH_ROWS)) {
      for (const row of batch) rows.push(cellsOf(row));
      if (rows.length > rowsMax)
        throw new QueryError("config", `${name} answers more than ${rowsMax} rows: want fewer`, {
          evidence: { query: name, rows_max: rowsMax },
        });
    }
  } catch (thrown) {
    throw thrown instanceof QueryError ? thrown : queryError(thrown, { name, query, rowsMax });
  }
  return rows;
}

function cellsOf(row: Readonly<Record<string, unknown>>): Row {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, cellOf(value)]));
}

function cellOf(value: unknown): Cell {
  if (value === null || value === undefined) return null;
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
    return value;
  }
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  return JSON.stringify(value); // arrays
}

/** An error of the statement itself, placed in the author's text. */
function queryError(thrown: unknown, { name, query }: NamedQuery): unknown {
  const sqlstate = databaseCodeOf(thrown);
  // 25006 is our own read-only transaction; elsewhere it is an old primary.
  if (sqlstate === undefined || (isOutage(thrown) && sqlstate !== READ_ONLY)) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const evidence = { query: name, sqlstate };
  if (sqlstate === QUERY_CANCELED)
    return new QueryError("timeout", `${name} took too long: ${message}`, {
      cause: thrown,
      evidence,
    });
  if (isConflict(thrown))
    return new QueryError("upstream", `${name}: ${message}`, { cause: thrown, evidence });
  const position = thrown instanceof postgres.PostgresError ? Number(thrown.position) : Number.NaN;
  const place = Number.isInteger(position) && position > 0 ? query.placeOf(position) : undefined;
  const where = place === undefined ? name : `${name}:${place.line}:${place.column}`;
  return new QueryError("config", `${where}: ${message} (SQLSTATE ${sqlstate})`, {
    cause: thrown,
    evidence: { ...evidence, ...place },
  });
}

function connectionError(thrown: unknown, sql: Sql): QueryError {
  const { host, port, database, user } = sql.options;
  const where = `${user}@${host.join(",")}:${port.join(",")}/${database}`;
  const code = databaseCodeOf(thrown) ?? "unknown";
  const message = `warehouse ${where}: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
  // 28 is authorization, 3D a database that is not there: an address or a password to correct.
  const kind = /^(28|3D)/.test(code) ? "config" : "upstream";
  return new QueryError(kind, message, { cause: thrown, evidence: { code } });
}
