// A role as installations make them: it owns its schema and may create no other.
import { randomBytes } from "node:crypto";
import postgres from "postgres";
import { schemaOf } from "../database.ts";

/** Answers the role's own address for the database of the given one, which must be the superuser's. */
export async function serviceRole(adminUrl: string): Promise<string> {
  const url = new URL(adminUrl);
  url.username = `role-${randomBytes(6).toString("hex")}`;
  url.password = "a-password";
  const schema = schemaOf(url.href);
  const sql = postgres(adminUrl, { max: 1 });
  try {
    await sql.unsafe(`create role "${url.username}" login password 'a-password'`);
    await sql.unsafe(`create schema ${schema} authorization "${url.username}"`);
    await sql.unsafe(`revoke create on database ${sql.options.database} from public`);
  } finally {
    await sql.end({ timeout: 5 });
  }
  return url.href;
}
