import { expect, test } from "vitest";
import path from "node:path";
import { parseEnvironmentFile, readEnvironmentFile } from "./environment-file.ts";

const environments = path.resolve(import.meta.dirname, "../../../environments");

test.each(["local", "dev", "staging", "prod"])("environments/%s.yaml is good", async (name) => {
  const file = await readEnvironmentFile(path.join(environments, `${name}.yaml`));
  expect(Object.keys(file.connections)).toContain("warehouse");
});

test("all parts are optional", () => {
  expect(parseEnvironmentFile("/x/a.yaml", "")).toEqual({
    path: "/x/a.yaml",
    sources: [],
    runners: {},
    vars: {},
    connections: {},
  });
});

test("a connection keeps keys of its own, and types of its own", () => {
  const { connections } = parseEnvironmentFile(
    "a.yaml",
    "connections: { mail: { type: smtp, host: h, from: a@b, tls: none }, lake: { type: trino, port: 8080 } }",
  );
  expect(connections).toEqual({
    mail: { type: "smtp", host: "h", from: "a@b", tls: "none" },
    lake: { type: "trino", port: 8080 },
  });
});

test("V1. all that is wrong is told at once, each with its place", () => {
  const text = `sources: [Logistics]
runners: { bench: [noop] }
conections: {}
connections:
  Mail: { type: smtp, host: h, from: a@b }
  mail: { type: smtp, port: 99999, from: a@b }
  lake: { catalog: x }
  warehouse: { type: postgres, url: "env:URL", tables: [a] }
`;
  expect(messageOf(text)).toMatchInlineSnapshot(`
    "environments/dev.yaml:1:11: sources.0 is "Logistics": want lower-case letters, digits and -
    environments/dev.yaml:2:20: runners.bench.0 is "noop": want a task kind like "bench.noop"
    environments/dev.yaml:5:9: connections.Mail: want lower-case letters, digits and -
    environments/dev.yaml:6:9: connections.mail.host is missing: want a host
    environments/dev.yaml:6:29: connections.mail.port is 99999: want a port, 1 to 65535, or a reference, env:NAME or file:path
    environments/dev.yaml:7:9: connections.lake.type is missing: want a type: postgres, smtp, slack, …
    environments/dev.yaml:8:56: connections.warehouse.tables is ["a"]: want a text, number or boolean
    environments/dev.yaml:3:13: conections is not known here: want sources, runners, vars or connections"
  `);
});

test("V2. a secret in the file is refused, and not shown", () => {
  const text = `connections:
  slack: { type: slack, token: xoxb-sesame }
  mail: { type: smtp, host: h, from: a@b, password: sesame }
  warehouse: { type: postgres, url: "postgres://it:sesame@127.0.0.1/x" }
  lake: { type: trino, api_key: sesame }
`;
  expect(messageOf(text)).toMatchInlineSnapshot(`
    "environments/dev.yaml:2:32: connections.slack.token is (a literal): want env:NAME or file:path: no secret is in this file
    environments/dev.yaml:3:53: connections.mail.password is (a literal): want env:NAME or file:path: no secret is in this file
    environments/dev.yaml:4:37: connections.warehouse.url is (a literal): want an address without a password, or a reference, env:NAME or file:path
    environments/dev.yaml:5:33: connections.lake.api_key is (a literal): want env:NAME or file:path: no secret is in this file"
  `);
  expect(messageOf(text)).not.toContain("sesame");
});

test("bad YAML is told with its place", () => {
  expect(messageOf("sources: [a\nvars: {}")).toMatch(/^environments\/dev\.yaml:2:1: /);
});

test("a file that is not there is named", async () => {
  await expect(readEnvironmentFile("environments/qa.yaml")).rejects.toThrow(
    "environment file environments/qa.yaml cannot be read",
  );
});

function messageOf(text: string): string {
  try {
    parseEnvironmentFile("environments/dev.yaml", text);
  } catch (error) {
    if (error instanceof Error) return error.message;
  }
  throw new Error("nothing was refused");
}
