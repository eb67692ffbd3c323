// Asks a real PostgreSQL.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import postgres from "postgres";
import { TestPostgres } from "../../../../tests/support/index.ts";
import { CannotAsk } from "../kinds/kind.ts";
import { parseSql } from "../kinds/sql.ts";
import { testConnections } from "../testing/connections.ts";
import { lookAt } from "../testing/look-at.ts";
import { databasePools } from "./database-pools.ts";
import { sqlLooker } from "./look-sql.ts";

let database: Awaited<ReturnType<typeof TestPostgres.database>>;
let looker: ReturnType<typeof sqlLooker>;
beforeAll(async () => {
  database = await TestPostgres.database();
  const sql = postgres(database.url, { max: 1 });
  await sql`create table delivery (id bigint, day date, cost numeric(20, 4), at timestamptz, note jsonb)`;
  await sql`
    insert into delivery
    select n, '2026-01-02', 12.5, '2026-01-02T03:04:05Z', '{"a": [1]}'
    from generate_series(1, 250) n`;
  await sql.end();
  const elsewhere = new URL(database.url);
  elsewhere.port = "1";
  const connections = testConnections(
    {
      warehouse: { type: "postgres", url: "env:WAREHOUSE" },
      away: { type: "postgres", url: "env:AWAY" },
      api: { type: "http", base_url: "https://api.example" },
    },
    { WAREHOUSE: database.url, AWAY: elsewhere.href },
  );
  looker = sqlLooker(databasePools(connections));
});
afterAll(async () => {
  await looker.close();
  await database[Symbol.asyncDispose]();
});

const look = (query: string, more: object = {}) =>
  looker.look(parseSql({ connection: "warehouse", query, ...more }).of, lookAt());

test("counts and money are numbers to expressions; dates and JSON are what they are", async () => {
  const query = `
    select count(*), sum(cost) as cost, min(day) as day, min(at) as at, min(note::text)::jsonb as note
    from delivery where day = :day`;
  const more = { params: { day: "2026-01-02" }, expect: "row.count > 200 && row.cost == 3125.0" };
  expect(await look(query, more)).toMatchObject({
    is: "there",
    output: {
      count: 1,
      row: { count: 250, cost: 3125, day: "2026-01-02", note: { a: [1] } },
    },
  });
});

test("numbers that JavaScript cannot hold stay text", async () => {
  const query = "select 9007199254740993::bigint as id, 0.10000000000000000001::numeric as n";
  expect(await look(query)).toMatchObject({
    output: { row: { id: "9007199254740993", n: "0.10000000000000000001" } },
  });
});

test("no row is not yet; all that is looked at are the first hundred", async () => {
  expect(await look("select id from delivery where day = '2026-01-03'")).toMatchObject({
    is: "not_yet",
    note: "found 0 rows",
  });
  const all = { expect: "rows.size() == 100" };
  expect(await look("select id from delivery", all)).toMatchObject({
    is: "there",
    note: "found 100 rows or more",
  });
});

describe("Q1: nothing is written, nothing stays behind", () => {
  test.each([
    ["insert into delivery (id) values (0) returning id", "cannot execute INSERT"],
    [
      "select set_config('transaction_read_only', 'off', true)",
      "transaction read-write mode must be set before",
    ],
    ["select 1 from delivery for update", "cannot execute SELECT FOR UPDATE"],
  ])("%s", async (query, message) => {
    await expect(look(query)).rejects.toThrow(message);
    await expect(look(query)).rejects.toBeInstanceOf(CannotAsk);
  });

  test("what a query sets in its session is gone with it", async () => {
    await look("select set_config('search_path', 'nowhere', false)");
    for (let connection = 0; connection < 4; connection++)
      expect(await look("select count(*) from delivery")).toMatchObject({ is: "there" });
  });
});

test("a mistake is refused with its place", async () => {
  const wrong = look("select id\nfrom delivry");
  await expect(wrong).rejects.toThrow(
    'query:2:6: relation "delivry" does not exist (SQLSTATE 42P01)',
  );
  await expect(wrong).rejects.toMatchObject({
    evidence: { sqlstate: "42P01", line: 2, column: 6 },
  });
});

test("a database that is away is no mistake", async () => {
  const away = looker.look(parseSql({ connection: "away", query: "select 1" }).of, lookAt());
  await expect(away).rejects.toThrow("ECONNREFUSED");
  await expect(away).rejects.not.toBeInstanceOf(CannotAsk);
});

test.each([
  ["nobody", 'no connection "nobody"'],
  ["api", 'connection api is of type "http": want postgres'],
])("connection %s is refused", async (connection, message) => {
  const asked = looker.look(parseSql({ connection, query: "select 1" }).of, lookAt());
  await expect(asked).rejects.toThrow(message);
  await expect(asked).rejects.toBeInstanceOf(CannotAsk);
});

test("D1: many looks at once share a few connections", async () => {
  const query =
    "select count(*) from pg_stat_activity where application_name = 'chasqui sensor-runner' and datname = current_database()";
  const looks = await Promise.all(Array.from({ length: 40 }, () => look(query)));
  const counts = looks.map((seen) => (seen.is === "there" ? JSON.stringify(seen.output) : ""));
  for (const count of counts) expect(count).toMatch(/"count":[1-4]}/);
});
