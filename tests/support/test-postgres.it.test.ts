// Databases for tests: each its own, templates made once, nothing left behind.
import { expect, inject, test } from "vitest";
import { connectAdmin } from "../../libs/sandbox/src/servers/index.ts";
import { TestPostgres } from "./index.ts";

async function run(url: string, statement: string) {
  await using connection = await connectAdmin(url);
  return await connection.run(statement);
}

test("a template is made once, and each database is a copy of its own", async () => {
  let preparations = 0;
  const template = {
    name: `template_${process.pid}`,
    prepare: async (url: string) => {
      preparations += 1;
      await run(url, "CREATE TABLE note AS SELECT 'from the template' AS text");
    },
  };
  const [one, two] = await Promise.all([
    TestPostgres.database({ template }),
    TestPostgres.database({ template }),
  ]);
  await run(one.url, "UPDATE note SET text = 'changed'");
  expect(await run(two.url, "SELECT text FROM note")).toEqual([{ text: "from the template" }]);
  expect(preparations).toBe(1);
  await one[Symbol.asyncDispose]();
  await two[Symbol.asyncDispose]();
  const left = `SELECT FROM pg_database WHERE datname IN ('${one.name}', '${two.name}')`;
  expect(await run(inject("postgresUrl"), left)).toEqual([]);
});

test("a template whose preparation fails is made again by the next one", async () => {
  const name = `template_again_${process.pid}`;
  const failing = { name, prepare: () => Promise.reject(new Error("no migrations")) };
  await expect(TestPostgres.database({ template: failing })).rejects.toThrow("no migrations");
  const working = { name, prepare: (url: string) => run(url, "SELECT").then(() => undefined) };
  await using database = await TestPostgres.database({ template: working });
  expect(await run(database.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
});
