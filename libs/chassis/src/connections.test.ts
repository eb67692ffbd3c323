import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import { resolveConnection } from "./connections.ts";
import { parseEnvironmentFile } from "./environment-file.ts";
import { forgetSecrets, mask } from "./secrets.ts";

afterEach(forgetSecrets);

const file = parseEnvironmentFile(
  "/etc/chasqui/dev.yaml",
  `connections:
  slack: { type: slack, token: "env:TOKEN", api_url: "env:API_URL" }
  mail: { type: smtp, host: mail.example, port: 25, from: a@b }
`,
);
const env = { TOKEN: "xoxb-123456", API_URL: "http://127.0.0.1:8080/api/" };

test("references are resolved and literals kept", () => {
  expect(resolveConnection(file, "slack", env)).toEqual({
    type: "slack",
    token: "xoxb-123456",
    api_url: "http://127.0.0.1:8080/api/",
  });
  expect(resolveConnection(file, "mail", {})).toMatchObject({ host: "mail.example", port: 25 });
});

test("what was resolved is masked, addresses are not", () => {
  resolveConnection(file, "slack", env);
  expect(mask("xoxb-123456 at http://127.0.0.1:8080/api/")).toBe(
    "[secret] at http://127.0.0.1:8080/api/",
  );
});

test("a file reference starts at the environment file, is read each time, and loses its last newline", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "chasqui-connections-"));
  const key = path.join(folder, "key");
  const here = parseEnvironmentFile(
    path.join(folder, "dev.yaml"),
    `connections: { lake: { type: trino, api_key: "file:key" } }`,
  );
  writeFileSync(key, "first-key\n");
  expect(resolveConnection(here, "lake", {})).toMatchObject({ api_key: "first-key" });
  writeFileSync(key, "second-key\n");
  expect(resolveConnection(here, "lake", {})).toMatchObject({ api_key: "second-key" });
  expect(mask("first-key second-key")).toBe("[secret] [secret]");
  rmSync(folder, { recursive: true });
});

test("an unknown name is told which there are", () => {
  expect(() => resolveConnection(file, "slak", env)).toThrow(
    'no connection "slak" in /etc/chasqui/dev.yaml: want one of slack, mail',
  );
});

test("every reference with nothing behind it is told", () => {
  expect(() => resolveConnection(file, "slack", { TOKEN: "" })).toThrow(
    "connection slack of /etc/chasqui/dev.yaml: token is env:TOKEN, which is not there or empty; api_url is env:API_URL, which is not there or empty",
  );
});
