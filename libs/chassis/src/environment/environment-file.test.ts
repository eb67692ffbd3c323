import { describe, expect, test } from "vitest";
import path from "node:path";
import { connectionTypes } from "@chasqui/contracts";
import {
  EnvironmentFileError,
  parseEnvironmentFile,
  readEnvironmentFile,
} from "./environment-file.ts";

const environments = path.resolve(import.meta.dirname, "../../../../environments");

test.each(["local", "dev", "staging", "prod"])("environments/%s.yaml is good", async (name) => {
  const file = await readEnvironmentFile(path.join(environments, `${name}.yaml`));
  expect(Object.keys(file.connections)).toContain("warehouse");
});

test("connections of type webhook are the webhooks", () => {
  const text = `connections:
  depot: { type: webhook, scheme: hmac, secret: "env:DEPOT" }
  slack: { type: slack, token: "env:SLACK" }
`;
  expect(parseEnvironmentFile("/x/a.yaml", text).webhooks).toEqual(["depot"]);
});

test("all parts are optional", () => {
  expect(parseEnvironmentFile("/x/a.yaml", "")).toEqual({
    path: "/x/a.yaml",
    sources: [],
    accounts: {},
    runners: {},
    vars: {},
    pools: {},
    connectionTypes,
    connections: {},
    webhooks: [],
  });
});

test("pools have a name that DAGs can write, and a number of slots", () => {
  expect(parseEnvironmentFile("a.yaml", "pools: { warehouse: 4, gpu_a: 0 }").pools).toEqual({
    warehouse: 4,
    gpu_a: 0,
  });
  expect(messageOf("pools: { Warehouse: 4, gpu: many, lake: -1, tape: 1.5 }")).toBe(
    [
      "environments/dev.yaml:1:10: pools.Warehouse: want lower-case letters, digits, - or _",
      "environments/dev.yaml:1:29: pools.gpu is `many`: want a number of slots, 0 to 10000",
      "environments/dev.yaml:1:41: pools.lake is `-1`: want a number of slots, 0 to 10000",
      "environments/dev.yaml:1:51: pools.tape is `1.5`: want a number of slots, 0 to 10000",
    ].join("\n"),
  );
});

test("types of one's own are declared with their fields and the runner that resolves them", () => {
  const { connections, connectionTypes: types } = parseEnvironmentFile(
    "a.yaml",
    `runners: { acme-runner: [acme.invoice] }
connection_types:
  sap: { used_by: acme-runner, fields: { host: text, client: integer?, password: secret } }
connections:
  erp: { type: sap, host: h, client: 100, password: "env:SAP_PASSWORD" }
`,
  );
  expect(connections["erp"]).toEqual({
    type: "sap",
    host: "h",
    client: 100,
    password: "env:SAP_PASSWORD",
  });
  expect(types["sap"]).toMatchObject({
    usedBy: ["acme-runner"],
    fields: {
      host: { is: "text", required: true },
      client: { is: "integer", required: false },
      password: { secret: true },
    },
  });
});

test("V1. all that is wrong is told at once, each with its place and what was probably meant", () => {
  const text = `sources: [Logistics]
runners: { bench: [noop] }
conections: {}
connection_types:
  sap: { used_by: benhc, fields: { host: txet, password: secret } }
  lims: { used_by: report-miler, fields: { key: secret } }
  smtp: { used_by: report-mailer, fields: {} }
connections:
  Mail: { type: smtp, host: h, from: a@b }
  mail: { type: smtp, port: 99999, from: a@b, prot: 25, tls: maybe, lookup_url: nowhere }
  lake: { catalog: x }
  erp: { type: sap, anything: goes }
  lab: { type: limz }
  warehouse: { type: postgres, url: "env:URL", tables: [a] }
  half: { type: postgres, host: h, user: "env:1X" }
`;
  expect(messageOf(text)).toMatchInlineSnapshot(`
    "environments/dev.yaml:1:11: sources.0 is \`Logistics\`: want lower-case letters, digits and -
    environments/dev.yaml:2:20: runners.bench.0 is \`noop\`: want a task kind like "bench.noop"
    environments/dev.yaml:3:1: conections is not known here; did you mean \`connections\`?
    environments/dev.yaml:5:42: connection_types.sap.fields.host is \`txet\`: want text, address, port, integer, flag, secret; with ? behind it when the field may be left out
    environments/dev.yaml:6:20: connection type \`lims\`: used_by \`report-miler\`: no such runner; did you mean \`report-mailer\`?
    environments/dev.yaml:7:3: connection type \`smtp\` is one of Chasqui's own: want another name
    environments/dev.yaml:9:3: connections.Mail: want lower-case letters, digits and -
    environments/dev.yaml:10:3: connection \`mail\` (smtp) has no \`host\`; host: Its host
    environments/dev.yaml:10:29: connection \`mail\` (smtp): \`port\` is \`99999\`: want a port, 1 to 65535, or a reference, env:NAME or file:path
    environments/dev.yaml:10:47: connection \`mail\` (smtp) has no field \`prot\`; did you mean \`port\`?
    environments/dev.yaml:10:62: connection \`mail\` (smtp): \`tls\` is \`maybe\`: want one of required, opportunistic, none, or a reference, env:NAME or file:path
    environments/dev.yaml:10:81: connection \`mail\` (smtp): \`lookup_url\` is \`nowhere\`: want an address that begins with http:// or https://, or a reference, env:NAME or file:path
    environments/dev.yaml:11:3: connection \`lake\` has no \`type\`; known: gcs, http, kubernetes, lims, postgres, s3, slack, smtp, vertex, webhook
    environments/dev.yaml:13:16: connection \`lab\`: type \`limz\`: no such type; did you mean \`lims\`?
    environments/dev.yaml:14:56: connections.warehouse.tables is not what it should be: want a text, number or boolean
    environments/dev.yaml:15:3: connection \`half\` (postgres): want \`url\`, or all of \`host\`, \`database\`, \`user\`
    environments/dev.yaml:15:42: connection \`half\` (postgres): \`user\` is \`env:1X\`: want env:NAME or file:path"
  `);
});

test("V2. a secret in the file is refused, and not shown", () => {
  const text = `connections:
  slack: { type: slack, token: xoxb-sesame }
  mail: { type: smtp, host: h, from: a@b, password: sesame }
  warehouse: { type: postgres, url: "postgres://it:sesame@127.0.0.1/x" }
  lake: { type: trino, api_key: sesame }
  api: { type: http, base_url: "https://api.example", apikey: sesame }
vars:
  smtp_password: sesame
  database: "postgres://it:sesame@127.0.0.1/x"
  lake: { token: sesame }
  home: "env:HOME"
`;
  expect(messageOf(text)).toMatchInlineSnapshot(`
    "environments/dev.yaml:2:32: connection \`slack\` (slack): \`token\` is a literal: want env:NAME or file:path: no secret is in this file
    environments/dev.yaml:3:53: connection \`mail\` (smtp): \`password\` is a literal: want env:NAME or file:path: no secret is in this file
    environments/dev.yaml:4:37: connection \`warehouse\` (postgres): \`url\` is a literal with a password in it: want env:NAME or file:path: no secret is in this file
    environments/dev.yaml:5:17: connection \`lake\`: type \`trino\`: no such type; known: gcs, http, kubernetes, postgres, s3, slack, smtp, vertex, webhook; types of your own are declared under \`connection_types\`
    environments/dev.yaml:6:55: connection \`api\` (http) has no field \`apikey\`; known: base_url, token, header
    environments/dev.yaml:8:18: var smtp_password looks like a secret: a secret belongs to a connection, whose values only its runner sees
    environments/dev.yaml:9:13: var database looks like a secret: a secret belongs to a connection, whose values only its runner sees
    environments/dev.yaml:10:18: var lake.token looks like a secret: a secret belongs to a connection, whose values only its runner sees
    environments/dev.yaml:11:9: var home is a reference: want the value itself; a secret belongs to a connection, whose values only its runner sees"
  `);
  expect(messageOf(text)).not.toContain("sesame");
});

describe("the places are data too", () => {
  test("for reports and editors", () => {
    const problems = problemsOf("connections:\n  mail: { type: smpt }\n");
    expect(problems).toEqual([
      {
        file: "environments/dev.yaml",
        line: 2,
        column: 17,
        message: "connection `mail`: type `smpt`: no such type",
        suggestion: "did you mean `smtp`?",
        severity: "error",
      },
    ]);
  });
});

test("bad YAML is told with its place", () => {
  expect(messageOf("sources: [a\nvars: {}")).toMatch(/^environments\/dev\.yaml:2:1: /);
});

test("a file that is not there is named", async () => {
  await expect(readEnvironmentFile("environments/qa.yaml")).rejects.toThrow(
    "environment file environments/qa.yaml cannot be read",
  );
});

function refusalOf(text: string): EnvironmentFileError {
  try {
    parseEnvironmentFile("environments/dev.yaml", text);
  } catch (error) {
    if (error instanceof EnvironmentFileError) return error;
  }
  throw new Error("nothing was refused");
}
const messageOf = (text: string): string => refusalOf(text).message;
const problemsOf = (text: string) => refusalOf(text).problems;
