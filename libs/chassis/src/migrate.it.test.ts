// Migrations against a real PostgreSQL, by a role that may create nothing but tables in its own schema.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import postgres from "postgres";
import { expect, test } from "vitest";
import { temporaryFolder, TestPostgres } from "../../../tests/support/index.ts";
import { schemaOf } from "./database.ts";
import { migrateDatabase } from "./migrate.ts";
import { serviceRole } from "./testing/service-role.ts";

async function setUp() {
  const db = await TestPostgres.database();
  const url = await serviceRole(db.url);
  const folder = await temporaryFolder("migrations");
  mkdirSync(path.join(folder.path, "meta"));
  const sql = postgres(url, { max: 1, connection: { search_path: schemaOf(url) } });
  const files: { sql: string; when: number }[] = [];
  const write = (): void => {
    const entries = files.map(({ when }, idx) => {
      const tag = `000${idx}_it`;
      writeFileSync(path.join(folder.path, `${tag}.sql`), files[idx]?.sql ?? "");
      return { idx, version: "7", when, tag, breakpoints: true };
    });
    const journal = { version: "7", dialect: "postgresql", entries };
    writeFileSync(path.join(folder.path, "meta/_journal.json"), JSON.stringify(journal));
  };
  return {
    sql,
    schema: schemaOf(url),
    add(text: string) {
      files.push({ sql: text, when: 1_700_000_000_000 + files.length });
      write();
    },
    change(index: number, text: string) {
      files[index] = { sql: text, when: files[index]?.when ?? 0 };
      write();
    },
    migrate: () => migrateDatabase({ url, folder: folder.path }),
    async [Symbol.asyncDispose]() {
      await sql.end({ timeout: 5 });
      await folder[Symbol.asyncDispose]();
      await db[Symbol.asyncDispose]();
    },
  };
}

test("applies what is new, once, in the role's own schema", async () => {
  await using t = await setUp();
  t.add("create table first (id int);\n--> statement-breakpoint\ncreate table second (id int);");
  expect(await t.migrate()).toBe(1);
  expect(await t.migrate()).toBe(0);
  t.add("alter table first add column name text;");
  expect(await t.migrate()).toBe(1);
  const tables = await t.sql`
    select tablename from pg_tables where schemaname = ${t.schema} order by 1`;
  expect(tables.map(({ tablename }) => tablename)).toEqual([
    "__drizzle_migrations",
    "first",
    "second",
  ]);
});

test("M1. eight replicas that start at once apply each file once", async () => {
  await using t = await setUp();
  t.add("create table first (id int);");
  t.add("insert into first values (1);");
  const counts = await Promise.all(Array.from({ length: 8 }, t.migrate));
  expect(counts.toSorted()).toEqual([0, 0, 0, 0, 0, 0, 0, 2]);
  expect(await t.sql`select id from first`).toHaveLength(1);
});

test("M2. when one file fails, none is applied", async () => {
  await using t = await setUp();
  t.add("create table first (id int);");
  t.add("create table second (id nonsense);");
  await expect(t.migrate()).rejects.toMatchObject({ code: "42704" });
  const tables = await t.sql`select 1 from pg_tables where schemaname = ${t.schema}`;
  expect(tables).toHaveLength(0);
  t.change(1, "create table second (id int);");
  expect(await t.migrate()).toBe(2);
});

test("M3. a file that changed after it was applied is refused", async () => {
  await using t = await setUp();
  t.add("create table first (id int);");
  await t.migrate();
  t.change(0, "create table first (id bigint);");
  await expect(t.migrate()).rejects.toThrow(/changed after it was applied to schema role_/);
});

test("what drizzle's own migrator recorded is known as applied, and the other way round", async () => {
  await using t = await setUp();
  t.add("create table first (id int);");
  await t.migrate();
  const rows = await t.sql`select hash, created_at from __drizzle_migrations`;
  expect(rows).toEqual([
    { hash: expect.stringMatching(/^[0-9a-f]{64}$/), created_at: "1700000000000" },
  ]);
});

test("a folder without migrations is named", async () => {
  await using t = await setUp();
  await expect(t.migrate()).rejects.toThrow("no migrations: want meta/_journal.json");
});
