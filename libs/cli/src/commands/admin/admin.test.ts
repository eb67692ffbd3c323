// Passwords and the accounts that are printed; wrong settings.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { invoke } from "../../testing/invoke.ts";
import { openPasswords } from "./passwords.ts";

let cwd = "";
beforeEach(() => {
  cwd = mkdtempSync(path.join(tmpdir(), "chasqui-admin-"));
  mkdirSync(path.join(cwd, "environments"));
  writeFileSync(path.join(cwd, "environments/local.yaml"), "sources: [logistics]\n");
});
afterEach(() => {
  rmSync(cwd, { recursive: true });
});

test("missing passwords are made once, and kept for the owner only", async () => {
  const args = [
    "admin",
    "topology",
    "--print",
    "accounts",
    "--credentials",
    "secrets.json",
    "--generate",
  ];
  const first = await invoke(args, { cwd });
  expect(first).toMatchObject({ code: 0, err: "" });
  expect(first.out).toMatch(/^accounts \{\n {2}local \{/);
  expect(first.out).toContain('user: "source-logistics"');
  const file = path.join(cwd, "secrets.json");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const known: Record<string, string> = JSON.parse(readFileSync(file, "utf8"));
  expect(first.out).toContain(`user: "state-machine", password: "${known["state-machine"]}"`);
  expect(await invoke(args, { cwd })).toEqual(first);
});

test("variables win over the file", () => {
  const file = path.join(cwd, "secrets.json");
  writeFileSync(
    file,
    JSON.stringify({ "state-machine": "from-file", "postgres state-machine": "db" }),
  );
  const passwords = openPasswords({
    env: { CHASQUI_NATS_PASSWORD_STATE_MACHINE: "from-env" },
    file,
    generate: false,
  });
  expect([passwords.bus("state-machine"), passwords.database("state-machine")]).toEqual([
    "from-env",
    "db",
  ]);
  expect(() => passwords.bus("admin")).toThrow(
    /no password of bus user admin: want CHASQUI_NATS_ADMIN_PASSWORD, or "admin"/,
  );
});

test.each([
  [["admin", "topology"], {}, "CHASQUI_NATS_URL is not set"],
  [["admin", "topology", "--only", "database"], {}, "CHASQUI_DATABASE_ADMIN_URL is not set"],
  [["admin", "topology", "--environment", "prod"], {}, "environments/prod.yaml"],
  [["admin", "topology", "--generate"], {}, "want --credentials <file> too"],
  [["admin", "topology", "--print", "users"], {}, "Allowed choices are accounts"],
  [["admin", "dead", "list"], {}, "CHASQUI_NATS_URL is not set"],
  [["admin", "dead", "redrive", "x"], {}, "want its number"],
  [
    ["admin", "dead", "list"],
    { CHASQUI_NATS_URL: "nats://127.0.0.1:9" },
    "no password of bus user admin",
  ],
  [
    ["admin", "dead", "list", "--credentials", "gone.json"],
    { CHASQUI_NATS_URL: "nats://127.0.0.1:9" },
    "gone.json",
  ],
])("%j is a wrong command line: %j", async (args, env, message) => {
  expect(await invoke(args, { cwd, env })).toMatchObject({
    code: 2,
    err: expect.stringContaining(message),
  });
});

test("a bus that is not there: exit 3, without the password", async () => {
  const env = {
    CHASQUI_NATS_URL: "nats://admin:hidden@127.0.0.1:9",
    CHASQUI_NATS_ADMIN_PASSWORD: "secret",
  };
  const outcome = await invoke(["admin", "dead", "list"], { cwd, env });
  expect(outcome.code).toBe(3);
  expect(outcome.err).toContain("127.0.0.1:9");
  expect(outcome.err).not.toMatch(/hidden|secret/);
});
