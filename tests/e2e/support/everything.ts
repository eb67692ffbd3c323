// Everything that an installation said or kept: the wire and the streams of the bus, all tables, what services
// print, spans and metrics, Slack, mails, and what the console answers. For tests that look for what must not be there.
import { readFileSync } from "node:fs";
import path from "node:path";
import postgres from "postgres";
import { openAdmin } from "../../../libs/bus/src/admin-link.ts";
import { JetStreamError } from "../../../libs/bus/src/index.ts";
import { ADMIN_USER, jetStreamSubjects, streams } from "../../../libs/contracts/src/index.ts";
import { serviceNames, type CaughtMail, type World } from "../../../libs/sandbox/src/index.ts";
import { getBytes, getJson } from "./http.ts";
import type { RunningWorld } from "./world.ts";

export type Texts = Readonly<Record<string, string>>;

const adminOf = ({ nats, credentials }: World) =>
  openAdmin({ url: nats.url, user: ADMIN_USER, password: credentials.of(ADMIN_USER) });

/** Hears all that goes over the bus from now on: a work queue keeps nothing. */
export async function listenToAll(world: World): Promise<AsyncDisposable & { text(): string }> {
  const link = await adminOf(world);
  const heard: string[] = [];
  link.subscribe(">", ({ subject, headers, data }) => {
    const head = (headers?.keys() ?? []).map((key) => `${key}: ${headers?.values(key).join()}`);
    heard.push([subject, ...head, Buffer.from(data).toString("latin1")].join("\n"));
  });
  await link.nc.flush();
  return {
    text: () => heard.join("\n"),
    [Symbol.asyncDispose]: () => link.drain(),
  };
}

/** What each stream and bucket holds. */
export async function streamTexts(world: World): Promise<Texts> {
  const link = await adminOf(world);
  const texts: Record<string, string> = {};
  try {
    for (const stream of [...Object.keys(streams), "KV_CHASQUI_KINDS"]) {
      const { state } = (await link.request(jetStreamSubjects.streamInfo(stream))) as {
        state: { first_seq: number; last_seq: number };
      };
      const messages: string[] = [];
      for (let seq = state.first_seq; seq <= state.last_seq; seq++)
        messages.push(await stored(link, stream, seq));
      texts[stream] = messages.join("\n");
    }
  } finally {
    await link.drain();
  }
  return texts;
}

async function stored(
  link: Awaited<ReturnType<typeof adminOf>>,
  stream: string,
  seq: number,
): Promise<string> {
  try {
    const answer = await link.request(jetStreamSubjects.messageGet(stream), { seq });
    const { message } = answer as { message: { subject: string; hdrs?: string; data?: string } };
    const { subject, hdrs = "", data = "" } = message;
    return [subject, textOf(hdrs), textOf(data)].join("\n");
  } catch (error) {
    if (error instanceof JetStreamError) return ""; // acknowledged, and gone
    throw error;
  }
}

const textOf = (base64: string): string => Buffer.from(base64, "base64").toString("latin1");

/** Every row of every table of every schema, by schema; bytes as the characters they hold. */
export async function tableTexts(world: World): Promise<Texts> {
  const sql = postgres(world.addresses.postgresUrl("chasqui"), {
    max: 1,
    connection: { bytea_output: "escape" },
  });
  const texts: Record<string, string> = {};
  try {
    const tables = await sql<{ schema: string; name: string }[]>`
      select schemaname as schema, tablename as name from pg_tables
      where schemaname <> 'information_schema' and schemaname not like 'pg_%'
      order by schemaname, tablename`;
    for (const { schema, name } of tables) {
      const rows = await sql<
        { row: string }[]
      >`select t::text as row from ${sql(schema)}.${sql(name)} t`;
      texts[schema] = [texts[schema] ?? "", `-- ${name}`, ...rows.map(({ row }) => row)].join("\n");
    }
  } finally {
    await sql.end();
  }
  return texts;
}

/** What each service printed, and what its /statusz answers. */
export async function serviceTexts(world: World, folder: string): Promise<Texts> {
  const texts: Record<string, string> = {};
  for (const name of serviceNames) {
    const printed = readFileSync(path.join(folder, "logs", `${name}.log`), "utf8");
    const { healthPort } = world.service(name);
    const status = await getBytes(`http://127.0.0.1:${healthPort}/statusz`);
    texts[name] = `${printed}\n${status.toString("utf8")}`;
  }
  return texts;
}

/** All spans and metrics that were exported. */
export async function telemetryTexts({ sandbox }: World): Promise<Texts> {
  const { data: services } = await getJson<{ data: string[] }>(`${sandbox.otlp}/api/services`);
  const spans: string[] = [];
  for (const service of services) {
    const url = `${sandbox.otlp}/api/traces?limit=1500&service=${encodeURIComponent(service)}`;
    spans.push(JSON.stringify(await getJson(url)));
  }
  const metrics = JSON.stringify(await getJson(`${sandbox.otlp}/api/metrics`));
  return { spans: spans.join("\n"), metrics };
}

/** Slack's messages and every call that it got; a call's login is not kept. */
export async function slackText({ sandbox }: World): Promise<string> {
  const [messages, requests] = await Promise.all([
    getJson(`${sandbox.slack}/sandbox/messages`),
    getJson(`${sandbox.slack}/sandbox/requests`),
  ]);
  return JSON.stringify({ messages, requests });
}

/** All mails with their attachments. */
export async function mailText({ sandbox }: World): Promise<string> {
  const { mails } = await getJson<{ mails: CaughtMail[] }>(`${sandbox.mail}/api/mails?full=1`);
  const texts: string[] = [];
  for (const mail of mails) {
    texts.push(JSON.stringify(mail));
    for (const { index } of mail.attachments) {
      const url = `${sandbox.mail}/api/mails/${mail.id}/attachments/${index}`;
      texts.push((await getBytes(url)).toString("utf8"));
    }
  }
  return texts.join("\n");
}

/** What the console answers about these runs and their DAGs, over HTTP and gRPC. */
export async function consoleText(
  { world, clients }: RunningWorld,
  runIds: readonly string[],
): Promise<string> {
  const paths = ["server", "dags", "runs", "triggers"];
  const answers: unknown[] = [await clients.connections.listConnections({})];
  for (const runId of runIds) {
    const { run } = await clients.runs.getRun({ runId });
    answers.push(run, await clients.alerts.listIncidents({ runId }));
    answers.push(await clients.reports.listDeliveries({ runId }));
    paths.push(`dags/${run?.dagId}`, `ticks/${run?.dagId}`, `runs/${runId}`);
    for (const part of ["history", "trace", "deliveries", "incidents"])
      paths.push(`runs/${runId}/${part}`);
    for (const { taskId } of run?.tasks ?? []) paths.push(`runs/${runId}/logs/${taskId}`);
  }
  const texts = answers.map((answer) =>
    JSON.stringify(answer, (_, value: unknown) => (typeof value === "bigint" ? `${value}` : value)),
  );
  for (const one of paths)
    texts.push((await (await fetch(`${world.serverUrl}/api/${one}`)).text()).trim());
  return texts.join("\n");
}
