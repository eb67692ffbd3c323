// Does a database answer, and as whom? For the tests of connections: one session, one statement, nothing written.
import postgres from "postgres";

const CONNECT_SECONDS_MAX = 5;
const END_SECONDS_MAX = 1;

/** Says what was reached: `PostgreSQL 18.4, database warehouse, as reports`. */
export async function tryPostgres(
  address: string,
  { service, signal }: { readonly service: string; readonly signal: AbortSignal },
): Promise<string> {
  const sql = postgres(address, {
    max: 1,
    connect_timeout: CONNECT_SECONDS_MAX,
    onnotice: () => {},
    connection: { application_name: `chasqui ${service}`, default_transaction_read_only: true },
  });
  const stop = (): void => void sql.end({ timeout: 0 });
  signal.addEventListener("abort", stop, { once: true });
  try {
    const [row] = await sql<{ version: string; database: string; role: string }[]>`
      select current_setting('server_version') as version, current_database() as database,
             current_user as role`;
    return `PostgreSQL ${row?.version}, database ${row?.database}, as ${row?.role}`;
  } finally {
    signal.removeEventListener("abort", stop);
    await sql.end({ timeout: END_SECONDS_MAX });
  }
}
