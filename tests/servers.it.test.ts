// NATS and PostgreSQL are there: both start, greet, and answer.
import { connect } from "node:net";
import postgres from "postgres";
import { expect, test } from "vitest";
import { TestNats, TestPostgres } from "./support/index.ts";

function firstLine(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("error", reject);
    socket.once("data", (data) => {
      socket.destroy();
      resolve(data.toString("utf8").split("\r\n")[0] ?? "");
    });
  });
}

async function one(url: string): Promise<unknown> {
  const sql = postgres(url, { max: 1 });
  try {
    return (await sql`SELECT 1 AS one`)[0]?.one;
  } finally {
    await sql.end({ timeout: 5 });
  }
}

test("nats-server greets with its INFO line and has JetStream", async () => {
  await using nats = await TestNats.start();
  const info: unknown = JSON.parse((await firstLine(nats.port)).replace(/^INFO /, ""));
  expect(info).toMatchObject({ host: "127.0.0.1", port: nats.port, jetstream: true });
});

test("PostgreSQL answers a query", async () => {
  await using db = await TestPostgres.database();
  expect(await one(db.url)).toBe(1);
});
