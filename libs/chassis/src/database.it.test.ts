// Against a real PostgreSQL: a role of its own, its schema, both clients, what errors mean, an orderly end.
import { sql as raw } from "drizzle-orm";
import postgres from "postgres";
import { expect, test } from "vitest";
import { TestPostgres } from "../../../tests/support/index.ts";
import { databaseCodeOf, isConflict, isDataError, isOutage } from "./database-errors.ts";
import { checkDatabase, openDatabase, schemaOf, type SessionParameters } from "./database.ts";
import { serviceRole } from "./testing/service-role.ts";

async function setUp(session?: SessionParameters) {
  const db = await TestPostgres.database();
  const url = await serviceRole(db.url);
  const options = { connectionsMax: 2, applicationName: "report-mailer" };
  const database = openDatabase(url, session === undefined ? options : { ...options, session });
  return {
    db,
    url,
    database,
    async [Symbol.asyncDispose]() {
      await database.stop(1_000);
      await db[Symbol.asyncDispose]();
    },
  };
}

test("a session is in its own schema, under its name, with the parameters it was given", async () => {
  await using t = await setUp({ plan_cache_mode: "force_generic_plan", jit: "off" });
  const [row] = await t.database.sql`
    select current_schema() as schema, current_setting('application_name') as name,
      current_setting('plan_cache_mode') as plans, current_setting('jit') as jit`;
  expect(row).toEqual({
    schema: schemaOf(t.url),
    name: "report-mailer",
    plans: "force_generic_plan",
    jit: "off",
  });
});

test("the raw client keeps its types when drizzle is used beside it", async () => {
  await using t = await setUp();
  const drizzle = await t.database.drizzle();
  expect(await t.database.drizzle()).toBe(drizzle);
  const rows = await drizzle.execute(raw`select 1 as one`);
  expect([...rows]).toEqual([{ one: 1 }]);
  const [row] = await t.database.sql`
    select now() as at, ${t.database.sql.json({ a: 1 })}::jsonb as json, 5::int8 as big`;
  expect(row).toEqual({ at: expect.any(Date), json: { a: 1 }, big: "5" });
});

test("errors say whose fault they are", async () => {
  await using t = await setUp();
  const { sql } = t.database;
  await sql`create table it (id int primary key)`;
  await sql`insert into it values (1)`;
  const unique = await sql`insert into it values (1)`.catch((error: unknown) => error);
  const division = await sql`select 1 / 0`.catch((error: unknown) => error);
  const syntax = await sql`select`.catch(() => sql`selec`).catch((error: unknown) => error);
  expect([unique, division].map(isDataError)).toEqual([true, true]);
  expect([unique, division, syntax].map(isOutage)).toEqual([false, false, false]);
  expect(isDataError(syntax)).toBe(false);
  const drizzle = await t.database.drizzle();
  const wrapped = await drizzle.execute(raw`insert into it values (1)`).catch((e: unknown) => e);
  expect(databaseCodeOf(wrapped)).toBe("23505");
  expect(isDataError(wrapped)).toBe(true);
});

test("two transactions in each other's way are a conflict, not an outage", async () => {
  await using t = await setUp();
  const { sql } = t.database;
  await sql`create table it (id int primary key, n int)`;
  await sql`insert into it values (1, 0)`;
  const conflict = await sql
    .begin("isolation level repeatable read", async (tx) => {
      await tx`select n from it`;
      await sql`update it set n = n + 1`;
      await tx`update it set n = n + 1`;
    })
    .catch((error: unknown) => error);
  expect([isConflict(conflict), isOutage(conflict), isDataError(conflict)]).toEqual([
    true,
    false,
    false,
  ]);
});

test("a connection that is cut is an outage, and the next statement works", async () => {
  await using t = await setUp();
  const { sql } = t.database;
  const [me] = await sql`select pg_backend_pid() as pid`;
  const admin = postgres(t.db.url, { max: 1 });
  const sleeping = sql`select pg_sleep(60)`.catch((error: unknown) => error);
  await admin`select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'report-mailer' and datname = current_database()`;
  await admin.end();
  expect(isOutage(await sleeping)).toBe(true);
  expect(me).toBeDefined();
  const [row] = await sql`select 1 as one`.catch(() => sql`select 1 as one`);
  expect(row).toEqual({ one: 1 });
});

test("a database that is not there is an outage, named without its password", async () => {
  const database = openDatabase("postgres://report-mailer:open-sesame@127.0.0.1:1/chasqui", {
    connectionsMax: 1,
    applicationName: "it",
  });
  const error = await checkDatabase(database).catch((thrown: unknown) => thrown);
  expect(String(error)).toContain("database report-mailer@127.0.0.1:1/chasqui does not answer");
  expect(String(error)).not.toContain("sesame");
  expect(isOutage(error)).toBe(true);
  await database.end();
});

test("the end is the end, also when repeated and with both clients in use", async () => {
  await using t = await setUp();
  await t.database.sql`select 1`;
  await (await t.database.drizzle()).execute(raw`select 1`);
  await Promise.all([t.database.stop(1_000), t.database.end()]);
  await expect(t.database.sql`select 1`).rejects.toMatchObject({ code: "CONNECTION_ENDED" });
  await using admin = connected(t.db.url);
  const rows = () => admin.sql`
    select 1 from pg_stat_activity
    where application_name = 'report-mailer' and datname = current_database()`;
  await expect.poll(rows).toHaveLength(0); // the server may see a little later that a client left
});

test("a role's schema is its name, spelled without quotes", () => {
  expect(schemaOf("postgres://state-machine:x@127.0.0.1/chasqui")).toBe("state_machine");
  expect(() => schemaOf("postgres://Robert%22%3B:x@127.0.0.1/chasqui")).toThrow(
    'role "Robert\\";"',
  );
});

function connected(url: string) {
  const sql = postgres(url, { max: 1 });
  return { sql, [Symbol.asyncDispose]: () => sql.end({ timeout: 5 }) };
}
