// Connections as the door shows them: references as they are written, and every service asked that would use one.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { createGrpcClient, parseEnvironmentFile, serveGrpc } from "@chasqui/chassis";
import {
  ConnectionService,
  ConnectionTestSchema,
  TryConnectionSchema,
  subjects,
} from "@chasqui/contracts";
import { expect, onTestFinished, test } from "vitest";
import { connectionService } from "./service.ts";

const environment = parseEnvironmentFile(
  "environments/test.yaml",
  `connections:
  warehouse: { type: postgres, url: "env:WAREHOUSE_URL" }
  mail: { type: smtp, host: mail.example, port: 25, from: a@b, password: "file:/secrets/mail" }
`,
);

/** Services by name, each with what it answers; others are not there. */
async function door(answers: Readonly<Record<string, string>>) {
  const bus = {
    async ask(subject: string, data: Uint8Array): Promise<Uint8Array> {
      const { name } = fromBinary(TryConnectionSchema, data);
      const service = Object.keys(answers).find((one) => subjects.connectionTest(one) === subject);
      if (service === undefined) throw new Error(`ask ${subject}: nobody answers there now`);
      const said = { service: "another", ok: true, message: `${name}: ${answers[service]}` };
      return toBinary(ConnectionTestSchema, create(ConnectionTestSchema, said));
    },
  };
  const service = connectionService({ bus, environment, environmentName: "prod" });
  const server = await serveGrpc({ port: 0, host: "127.0.0.1", services: [service] });
  const client = createGrpcClient(ConnectionService, `127.0.0.1:${server.port}`);
  onTestFinished(async () => {
    client.close();
    await server.stop(100);
  });
  return client;
}

test("connections are listed by name, references as they are written, with who uses them", async () => {
  const { connections, environment: name } = await (await door({})).listConnections({});
  expect(name).toBe("prod");
  expect(
    connections.map(({ name: one, type, usedBy, fields }) => ({
      one,
      type,
      usedBy,
      fields: fields.map((field) => [field.name, field.written, field.secret]),
    })),
  ).toEqual([
    {
      one: "mail",
      type: "smtp",
      usedBy: ["report-mailer"],
      fields: [
        ["host", "mail.example", false],
        ["port", "25", false],
        ["from", "a@b", false],
        ["password", "file:/secrets/mail", true],
      ],
    },
    {
      one: "warehouse",
      type: "postgres",
      usedBy: ["report-mailer", "sensor-runner"],
      fields: [["url", "env:WAREHOUSE_URL", false]],
    },
  ]);
});

test("each service that would use it is asked; one that is away is a failed test, not an error", async () => {
  const client = await door({ "report-mailer": "PostgreSQL 18" });
  const { tests } = await client.testConnection({ name: "warehouse" });
  expect(tests.map(({ service, ok, message }) => [service, ok, message])).toEqual([
    ["report-mailer", true, "warehouse: PostgreSQL 18"],
    [
      "sensor-runner",
      false,
      "sensor-runner was not reached: ask chasqui.connection.sensor-runner.test: nobody answers there now",
    ],
  ]);
});

test("a name that is not there is told which there are", async () => {
  await expect((await door({})).testConnection({ name: "mial" })).rejects.toThrow(
    'no connection is called "mial" in prod: there are mail, warehouse',
  );
});
