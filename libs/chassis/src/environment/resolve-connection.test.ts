import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import { forgetSecrets, mask } from "../secrets.ts";
import { parseEnvironmentFile } from "./environment-file.ts";
import { connectionOf, resolveConnection } from "./resolve-connection.ts";

afterEach(forgetSecrets);

const file = parseEnvironmentFile(
  "/etc/chasqui/dev.yaml",
  `runners: { acme-runner: [acme.x] }
connection_types: { lake: { used_by: acme-runner, fields: { catalog: text, api_key: secret, quick: flag? } } }
connections:
  slack: { type: slack, token: "env:TOKEN", api_url: "env:API_URL" }
  mail: { type: smtp, host: mail.example, port: "env:PORT", from: a@b, user: "env:USER" }
  warehouse: { type: postgres, url: "env:WAREHOUSE" }
  lake: { type: lake, catalog: "env:CATALOG", api_key: "env:KEY", quick: "env:QUICK" }
`,
);
const env = {
  TOKEN: "xoxb-123456",
  API_URL: "http://127.0.0.1:8080/api/",
  PORT: "2525",
  USER: "reports",
  WAREHOUSE: "postgres://chasqui:hunter22@db.example/warehouse",
  CATALOG: "routes",
  KEY: "open-sesame",
  QUICK: "true",
};

test("references are resolved, literals kept, and each is what its field wants", () => {
  expect(connectionOf(file, "slack", "slack", env)).toEqual({
    type: "slack",
    token: "xoxb-123456",
    api_url: "http://127.0.0.1:8080/api/",
  });
  const mail = connectionOf(file, "mail", "smtp", env);
  expect(mail).toMatchObject({ host: "mail.example", port: 2525, user: "reports" });
  expect(resolveConnection(file, "lake", env)).toEqual({
    type: "lake",
    catalog: "routes",
    api_key: "open-sesame",
    quick: true,
  });
});

test("N1. secrets and passwords in addresses are masked, everything else is not", () => {
  for (const name of Object.keys(file.connections)) resolveConnection(file, name, env);
  expect(mask("xoxb-123456 at http://127.0.0.1:8080/api/")).toBe(
    "[secret] at http://127.0.0.1:8080/api/",
  );
  expect(mask("hunter22 of reports, open-sesame in routes at db.example")).toBe(
    "[secret] of reports, [secret] in routes at db.example",
  );
  expect(mask(env.WAREHOUSE)).toBe("[secret]");
});

test("N2. what is behind a reference must be what the field wants, and is not shown", () => {
  const bad = { ...env, PORT: "many", WAREHOUSE: "mysql://chasqui:hunter22@db/x", QUICK: "yes" };
  expect(() => connectionOf(file, "mail", "smtp", bad)).toThrow(
    "connection mail of /etc/chasqui/dev.yaml: port, env:PORT, is no good: want a port, 1 to 65535",
  );
  expect(() => connectionOf(file, "warehouse", "postgres", bad)).toThrow(
    "url, env:WAREHOUSE, is no good: want an address that begins with postgres:// or postgresql://",
  );
  expect(() => resolveConnection(file, "lake", bad)).toThrow("quick, env:QUICK, is no good");
});

test("a file reference starts at the environment file, is read each time, and loses its last newline", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "chasqui-connections-"));
  const key = path.join(folder, "key");
  const here = parseEnvironmentFile(
    path.join(folder, "dev.yaml"),
    `connections: { slack: { type: slack, token: "file:key" } }`,
  );
  writeFileSync(key, "first-key\n");
  expect(resolveConnection(here, "slack", {})).toMatchObject({ token: "first-key" });
  writeFileSync(key, "second-key\n");
  expect(resolveConnection(here, "slack", {})).toMatchObject({ token: "second-key" });
  expect(mask("first-key second-key")).toBe("[secret] [secret]");
  rmSync(folder, { recursive: true });
});

test("an unknown name and a wrong type are told", () => {
  expect(() => resolveConnection(file, "slak", env)).toThrow(
    'no connection "slak" in /etc/chasqui/dev.yaml; did you mean `slack`?',
  );
  expect(() => connectionOf(file, "slack", "smtp", env)).toThrow(
    'connection slack is of type "slack": want smtp',
  );
});

test("every reference with nothing behind it is told", () => {
  expect(() => resolveConnection(file, "slack", { TOKEN: "" })).toThrow(
    "connection slack of /etc/chasqui/dev.yaml: token is env:TOKEN, which is not there or empty; api_url is env:API_URL, which is not there or empty",
  );
});
