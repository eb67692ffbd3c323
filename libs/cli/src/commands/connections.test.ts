// `connections list` and `connections test`: what people and scripts see.
import { expect, test } from "vitest";
import { startFakeServer } from "../testing/fake-server.ts";
import { invoke } from "../testing/invoke.ts";

const mail = {
  name: "mail",
  type: "smtp",
  usedBy: ["report-mailer"],
  fields: [
    { name: "host", written: "mail.example" },
    { name: "password", written: "env:MAIL_PASSWORD", secret: true },
  ],
};
const warehouse = {
  name: "warehouse",
  type: "postgres",
  usedBy: ["report-mailer", "sensor-runner"],
  fields: [{ name: "url", written: "file:/secrets/url" }],
};
const connectionTests = {
  mail: [{ service: "report-mailer", ok: true, message: "mail.example:25 takes mail", tookMs: 7 }],
  warehouse: [
    { service: "report-mailer", ok: true, message: "PostgreSQL 18, as reports", tookMs: 12 },
    { service: "sensor-runner", ok: false, message: "connect ECONNREFUSED", tookMs: 3 },
  ],
};

test("connections are listed as they are written", async () => {
  await using server = await startFakeServer({ connections: [mail, warehouse] });
  expect(await invoke(["connections", "list"], { server: server.url })).toEqual({
    code: 0,
    err: "",
    out: `CONNECTION  TYPE      USED BY                       FIELDS
mail        smtp      report-mailer                 host=mail.example password=env:MAIL_PASSWORD
warehouse   postgres  report-mailer, sensor-runner  url=file:/secrets/url
`,
  });
  const { out } = await invoke(["connections", "list", "--json"], { server: server.url });
  expect(JSON.parse(out)).toEqual({
    environment: "local",
    connections: [
      {
        name: "mail",
        type: "smtp",
        used_by: ["report-mailer"],
        fields: { host: "mail.example", password: "env:MAIL_PASSWORD" },
      },
      {
        name: "warehouse",
        type: "postgres",
        used_by: ["report-mailer", "sensor-runner"],
        fields: { url: "file:/secrets/url" },
      },
    ],
  });
});

test("a test says for each service what it reached or what failed; one failure is exit code 1", async () => {
  await using server = await startFakeServer({ connections: [mail, warehouse], connectionTests });
  expect(await invoke(["connections", "test", "mail"], { server: server.url })).toEqual({
    code: 0,
    err: "",
    out: "✓ mail from report-mailer: mail.example:25 takes mail (7 ms)\n",
  });
  const all = await invoke(["connections", "test"], { server: server.url });
  expect(all.code).toBe(1);
  expect(all.out.trimEnd().split("\n")).toEqual([
    "✓ mail from report-mailer: mail.example:25 takes mail (7 ms)",
    "✓ warehouse from report-mailer: PostgreSQL 18, as reports (12 ms)",
    "✗ warehouse from sensor-runner: connect ECONNREFUSED (3 ms)",
  ]);
  const json = await invoke(["connections", "test", "warehouse", "--json"], { server: server.url });
  expect(json.code).toBe(1);
  expect(JSON.parse(json.out).connections[0].tests[1]).toEqual({
    service: "sensor-runner",
    ok: false,
    message: "connect ECONNREFUSED",
    took_ms: 3,
  });
});

test("a name that is not there is no such thing", async () => {
  await using server = await startFakeServer({ connectionTests });
  expect(await invoke(["connections", "test", "mial"], { server: server.url })).toMatchObject({
    code: 4,
    err: expect.stringContaining('no connection is called "mial"'),
  });
});
