// A world with planted secrets, each where such a secret would be: in a file or a variable that the environment refers
// to, in a Kubernetes secret, in the passwords of the installation's own servers.
import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { once } from "node:events";
import postgres from "postgres";
import { usersOf } from "../../../libs/contracts/src/index.ts";
import { servicesWithStore } from "../../../libs/chassis/src/index.ts";
import type { World } from "../../../libs/sandbox/src/index.ts";
import { postJson } from "./http.ts";
import { plant, type Planted } from "./planted.ts";

export const DAG_ID = "planted-marker";
export const secrets = {
  slack: { name: "slack's token", value: "xoxb-pl4nted-91b7c2f0aa64d3" },
  mail: plant("mail"),
  warehouse: plant("warehouse"),
  refused: plant("refused"),
  echo: plant("echo"),
  refusedHttp: plant("refused-http"),
  key: plant("key"),
  pod: plant("pod"),
  /** Printed by a pod: its own words, which are kept as they are, and masked where they leave the house. */
  printed: { name: "printed", value: "hunter2-pr1nted-5d2e90c7" },
} as const satisfies Record<string, Planted>;

/** A folder for what `file:` refers to; it is there before the world, which is told its path. */
export function secretFiles() {
  const folder = mkdtempSync(path.join(tmpdir(), "chasqui-secrets-"));
  const refer = (name: string): string => `"file:${path.join(folder, name)}"`;
  return {
    write: (name: string, value: string): void => writeFileSync(path.join(folder, name), value),
    remove: (): void => rmSync(folder, { recursive: true, force: true }),
    environment: (text: string): string =>
      text
        .replace('url: "env:CHASQUI_WAREHOUSE_URL"', `url: ${refer("warehouse")}`)
        .replace(
          "    type: smtp\n",
          `    type: smtp\n    user: chasqui\n    password: ${refer("mail")}\n`,
        )
        .concat(
          `  refused: { type: postgres, url: ${refer("refused")} }\n`,
          `  echo: { type: http, base_url: ${refer("echo-address")}, token: ${refer("echo")} }\n`,
          `  refused-http: { type: http, base_url: "http://127.0.0.1:1", token: ${refer("refused-http")} }\n`,
          '  wrong-key: { type: s3, endpoint: "env:CHASQUI_BUCKETS_ENDPOINT", region: us-east-1, ',
          `path_style: true, access_key_id: sandbox, secret_access_key: ${refer("key")} }\n`,
        ),
  };
}
export type SecretFiles = ReturnType<typeof secretFiles>;

/** What is behind the references, once the world stands. */
export async function plantAll(world: World, files: SecretFiles): Promise<AsyncDisposable> {
  const { mail, warehouse, refused, echo, refusedHttp, key, pod, printed } = secrets;
  const echoing = await startEcho();
  files.write("mail", mail.value);
  files.write("echo", echo.value);
  files.write("echo-address", echoing.url);
  files.write("refused-http", refusedHttp.value);
  files.write("key", key.value);
  files.write("refused", addressWith(refused.value, "postgres://app@127.0.0.1:1/nowhere"));
  const owner = world.addresses.postgresUrl("warehouse");
  const reader = new URL(owner);
  reader.username = "reports";
  files.write("warehouse", addressWith(warehouse.value, reader.href));
  const sql = postgres(owner, { max: 1 });
  await sql.unsafe(
    `create role reports login password '${warehouse.value}';
     alter default privileges in schema public grant select on tables to reports`,
  );
  await sql.end();
  await postJson(`${world.sandbox.kubernetes}/api/v1/namespaces/chasqui/secrets`, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "planted", namespace: "chasqui" },
    stringData: { pod: pod.value, printed: printed.value },
  });
  return echoing;
}

function addressWith(password: string, address: string): string {
  const url = new URL(address);
  url.password = encodeURIComponent(password);
  return url.href;
}

/** Answers with what it was asked: the secret in the header comes back in the body. */
async function startEcho(): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer(({ headers, url }, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ url, you_said: headers["authorization"] ?? "" }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** The secrets that nobody planted, because every installation has them. */
export function ownSecrets({ credentials, installation, addresses }: World): Planted[] {
  const users = usersOf(installation).map(({ name }) => name);
  return [
    ...["admin", ...users].map((user) => ({ name: `NATS ${user}`, value: credentials.of(user) })),
    ...servicesWithStore.map((role) => ({
      name: `PostgreSQL ${role}`,
      value: credentials.of(`postgres ${role}`),
    })),
    { name: "PostgreSQL superuser", value: new URL(addresses.postgresUrl("chasqui")).password },
    { name: "webhook depot", value: credentials.of("webhook depot") },
  ];
}

/** POST /hooks/depot/closed, signed with what the webhook's owner knows; answers the status. */
export async function postHook(world: World, body: object, secret: string): Promise<number> {
  const text = JSON.stringify(body);
  const signature = createHmac("sha256", secret).update(text).digest("hex");
  const response = await fetch(`${world.serverUrl}/hooks/depot/closed`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-hub-signature-256": `sha256=${signature}` },
    body: text,
  });
  await response.text();
  return response.status;
}

export const DAG = `
id: ${DAG_ID}
owner: tests
triggers:
  - { event: { subject: depot.closed }, key: "\${event.data.day}" }
defaults: { timeout: 1m }
tasks:
  echo:
    uses: sensor.http
    with: { connection: echo, url: /echo, interval: 1s, timeout: 30s }
  refused-http:
    uses: sensor.http
    with: { connection: refused-http, url: /${DAG_ID}, interval: 1s, timeout: 2s }
  refused-sql:
    uses: sensor.sql
    with: { connection: refused, query: select 1, interval: 1s, timeout: 2s }
  wrong-key:
    uses: sensor.object
    with: { connection: wrong-key, bucket: exports, key: ready, interval: 1s, timeout: 2s }
  refused-report:
    uses: report.email
    with:
      report: ${DAG_ID}
      period: "\${run.key}"
      connection: refused
      recipients: { query: select 1 as id, key: id }
      data: { query: select 1 as id }
      template: daily-costs
  pod:
    uses: k8s.pod
    with:
      image: registry.example/pod:1.0
      command: [node, -e, "console.log('${DAG_ID}', process.env.WORD.length); process.exitCode = 3"]
      env: { WORD: "secret:planted/pod" }
  printing:
    uses: k8s.pod
    with:
      image: registry.example/printing:1.0
      command: [node, -e, "console.log('password=' + process.env.WORD); process.exitCode = 3"]
      env: { WORD: "secret:planted/printed" }
alerts:
  - { on: [failed], slack: "#data-alerts" }
`;
