// `chasqui admin` against a real nats-server and PostgreSQL: the printed accounts are the ones it runs with.
import { connect } from "nats";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import postgres from "postgres";
import { expect, test } from "vitest";
import { TestNats, TestPostgres, temporaryFolder } from "../../../../../tests/support/index.ts";
import { invoke } from "../../testing/invoke.ts";

test("an installation from nothing: accounts, streams, roles; twice changes nothing; a dead letter goes back", async () => {
  await using folder = await temporaryFolder("cli");
  const cwd = folder.path;
  mkdirSync(path.join(cwd, "environments"));
  writeFileSync(path.join(cwd, "environments/local.yaml"), "sources: [logistics]\n");
  const credentials = ["--credentials", "secrets.json"];
  const printed = await invoke(
    ["admin", "topology", "--print", "accounts", ...credentials, "--generate"],
    { cwd },
  );
  expect(printed.code).toBe(0);
  await using nats = await TestNats.start({ accounts: printed.out });
  await using server = await TestPostgres.start();
  const env = { CHASQUI_NATS_URL: nats.url, CHASQUI_DATABASE_ADMIN_URL: server.url("postgres") };
  const apply = (...more: string[]) =>
    invoke(["admin", "topology", ...credentials, ...more], { cwd, env });
  const first = await apply("--generate");
  expect(first).toMatchObject({ code: 0, err: "" });
  expect(first.out).toContain("stream CHASQUI_INBOX created\n");
  expect(first.out).toContain("role state-machine created\nschema state_machine created\n");
  expect(await apply()).toMatchObject({ code: 0, out: "nothing to change\n" });

  const known: Record<string, string> = JSON.parse(
    readFileSync(path.join(cwd, "secrets.json"), "utf8"),
  );
  const url = new URL(server.url("postgres"));
  url.username = "scheduler";
  url.password = known["postgres scheduler"] ?? "";
  const sql = postgres(url.href, { max: 1 });
  await sql`create table scheduler.mine (id int)`;
  await expect(sql`create table state_machine.theirs (id int)`).rejects.toThrow(
    /permission denied/,
  );
  await sql.end({ timeout: 5 });

  expect(await invoke(["admin", "dead", "list", ...credentials], { cwd, env })).toMatchObject({
    code: 0,
    out: "no dead letters\n",
  });
  expect(
    await invoke(["admin", "dead", "redrive", "7", ...credentials], { cwd, env }),
  ).toMatchObject({
    code: 4,
    err: expect.stringContaining("dead letter 7"),
  });
  const stranger = connect({
    servers: nats.url,
    user: "source-logistics",
    pass: "guess",
    maxReconnectAttempts: 0,
  });
  await expect(stranger).rejects.toThrow(/Authorization/i);
});
