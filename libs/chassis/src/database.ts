// A service's own store: one role, one schema of the same name, two clients. drizzle changes the client that it
// is given (dates and JSON), so it gets one of its own, opened and loaded only when somebody asks for it.
import type { PostgresJsDatabase } from "drizzle-orm/postgres-js";
import postgres, { type Sql } from "postgres";
import { maskPasswordOf } from "./secrets.ts";
import type { Part } from "./part.ts";

/** A run-time parameter of the session, such as `plan_cache_mode: "force_generic_plan"`. */
export type SessionParameters = Readonly<Record<string, string | number | boolean>>;

/** For a hot path's few statements: plans made once, that survive young tables (docs/decisions/0003-engine-session.md). */
export const steadyPlans: SessionParameters = {
  plan_cache_mode: "force_generic_plan",
  jit: "off",
  enable_seqscan: "off",
};

export interface DatabaseOptions {
  readonly connectionsMax: number;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  readonly session?: SessionParameters;
}

export interface Database extends Part {
  /** postgres.js, untouched: bigint as text, jsonb as values, timestamptz as Date. */
  readonly sql: Sql;
  /** The role's schema: the first on the search path. */
  readonly schema: string;
  /** drizzle on a client of its own; the same one each time. */
  drizzle(): Promise<PostgresJsDatabase>;
  end(): Promise<void>;
}

const CONNECT_SECONDS = 5;
/** For statements under way. */
const END_SECONDS = 5;
/** When a process stops, nobody has a statement under way any more; postgres.js sometimes waits for one that a cut connection took along. */
const STOP_SECONDS = 1;

/** Connects lazily: the first statement opens the first connection. Use `checkDatabase` to fail early. */
export function openDatabase(url: string, options: DatabaseOptions): Database {
  maskPasswordOf(url);
  const schema = schemaOf(url);
  const sql = clientOf(url, options);
  let second: { client: Sql; opened: Promise<PostgresJsDatabase> } | undefined;
  let ended: Promise<void> | undefined;
  const end = (seconds: number): Promise<void> =>
    (ended ??= Promise.all(
      [sql, second?.client].map((client) => client?.end({ timeout: seconds })),
    ).then(() => {}));
  return {
    name: "database",
    sql,
    schema,
    drizzle() {
      second ??= openDrizzle(clientOf(url, options));
      return second.opened;
    },
    end: () => end(END_SECONDS),
    stop: (deadlineMs) => end(Math.min(STOP_SECONDS, deadlineMs / 1_000)),
  };
}

/** Fails with a message that names the database, not the password, when it does not answer. */
export async function checkDatabase({ sql }: Database): Promise<void> {
  try {
    await sql`select 1`;
  } catch (cause) {
    const { host, port, database, user } = sql.options;
    const where = `${user}@${host.join(",")}:${port.join(",")}/${database}`;
    throw new Error(`database ${where} does not answer: ${String(cause)}`, { cause });
  }
}

/** The schema of a role: its name, spelled as an identifier that needs no quotes. */
export function schemaOf(url: string): string {
  const role = decodeURIComponent(new URL(url).username);
  const schema = role.replaceAll("-", "_");
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema))
    throw new Error(
      `role ${JSON.stringify(role)} of the database address: want lower-case letters, digits, "-" or "_"`,
    );
  return schema;
}

/** One postgres.js client with our bounds. `search_path` is the role's schema alone. */
export function clientOf(url: string, options: DatabaseOptions): Sql {
  return postgres(url, {
    max: options.connectionsMax,
    connect_timeout: CONNECT_SECONDS,
    backoff: (attempt) => Math.min(2, 0.05 * 2 ** attempt), // seconds; the default waits up to 20
    onnotice: () => {},
    connection: {
      application_name: options.applicationName,
      search_path: schemaOf(url),
      ...options.session,
    },
  });
}

function openDrizzle(client: Sql): { client: Sql; opened: Promise<PostgresJsDatabase> } {
  const opened = import("drizzle-orm/postgres-js").then(({ drizzle }) => drizzle(client));
  return { client, opened };
}
