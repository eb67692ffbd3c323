// One role and one schema per service: a service can reach its own tables and no other's.
// Invariant: doing it twice changes nothing but passwords that differ.
import postgres from "postgres";
import { maskSecrets } from "./secrets.ts";

export interface ServiceRole {
  /** The service's name, for example state-machine; its schema is the same with underscores. */
  readonly role: string;
  readonly password: string;
}

/** Services with a store of their own. */
export const servicesWithStore = [
  "scheduler",
  "state-machine",
  "sensor-runner",
  "report-mailer",
  "alert-notifier",
] as const;

/** `adminUrl`: an owner of the database who may create roles. Answers what was changed, for people. */
export async function applyDatabaseRoles(
  adminUrl: string,
  roles: readonly ServiceRole[],
): Promise<string[]> {
  const sql = postgres(adminUrl, { max: 1, onnotice: () => {}, connect_timeout: 10 });
  try {
    const changes: string[] = [];
    for (const { role, password } of roles) {
      maskSecrets([password]);
      changes.push(...(await applyRole(sql, role, password)));
    }
    return changes;
  } finally {
    await sql.end({ timeout: 5 });
  }
}

async function applyRole(sql: postgres.Sql, role: string, password: string): Promise<string[]> {
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(role))
    throw new Error(
      `database role ${JSON.stringify(role)}: want lower-case letters, digits or "-"`,
    );
  const schema = role.replaceAll("-", "_");
  const changes: string[] = [];
  await sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(hashtextextended('chasqui roles', 0))`;
    const [known] = await tx`select 1 from pg_roles where rolname = ${role}`;
    const [quoted] = await tx<{ text: string }[]>`
      select format(${known === undefined ? "create role %I login password %L" : "alter role %I login password %L"}::text,
        ${role}::text, ${password}::text) as text`;
    if (quoted !== undefined) await tx.unsafe(quoted.text);
    if (known === undefined) changes.push(`role ${role} created`);
    const [there] =
      await tx`select 1 from information_schema.schemata where schema_name = ${schema}`;
    if (there === undefined) changes.push(`schema ${schema} created`);
    await tx`create schema if not exists ${tx(schema)} authorization ${tx(role)}`;
    await tx`revoke all on schema public from ${tx(role)}`;
  });
  return changes;
}
