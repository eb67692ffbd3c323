// What the outside saw: mails in the catcher, pods in the cluster's request log, messages in Slack, spans in the
// collector.
import postgres from "postgres";
import type {
  CaughtMail,
  LoggedRequest,
  SlackMessage,
  World,
} from "../../../libs/sandbox/src/index.ts";
import { getBytes, getJson, postJson, remove } from "./http.ts";

type MailSummary = Omit<CaughtMail, "text" | "html">;

/** The mails of one run, oldest first, without what they say. */
export async function mailSummariesOf({ sandbox }: World, runId: string): Promise<MailSummary[]> {
  const url = `${sandbox.mail}/api/mails?run=${runId}`;
  return (await getJson<{ mails: MailSummary[] }>(url)).mails;
}

export async function mailsOf(world: World, runId: string): Promise<CaughtMail[]> {
  const url = `${world.sandbox.mail}/api/mails`;
  const found = await mailSummariesOf(world, runId);
  return Promise.all(found.map(({ id }) => getJson<CaughtMail>(`${url}/${id}`)));
}

export async function attachmentOf(world: World, mail: CaughtMail, index: number): Promise<string> {
  const url = `${world.sandbox.mail}/api/mails/${mail.id}/attachments/${index}`;
  return (await getBytes(url)).toString("utf8");
}

export const mailFault = ({ sandbox }: World, fault: object): Promise<void> =>
  postJson(`${sandbox.mail}/sandbox/faults`, fault);
export const mailWell = ({ sandbox }: World): Promise<void> =>
  remove(`${sandbox.mail}/sandbox/faults`);
export const clusterFault = ({ sandbox }: World, fault: object): Promise<void> =>
  postJson(`${sandbox.kubernetes}/sandbox/faults`, fault);

/** Pod name → how often the cluster created it. */
export async function podCreates({ sandbox }: World): Promise<Map<string, number>> {
  const url = `${sandbox.kubernetes}/sandbox/requests?method=POST&status=201`;
  const { requests } = await getJson<{ requests: LoggedRequest[] }>(url);
  const counts = new Map<string, number>();
  for (const { path, name } of requests)
    if (path.endsWith("/pods") && name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** What the ledger of mails holds of a run, by state; asked past its service, which may be down. */
export async function ledgerStates(world: World, runId: string): Promise<Record<string, number>> {
  const sql = postgres(world.addresses.postgresUrl("chasqui"), { max: 1 });
  try {
    const rows = await sql<{ state: string; count: number }[]>`
      select state, count(*)::int as count from report_mailer.delivery
      where run_id = ${runId} group by state`;
    return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
  } finally {
    await sql.end();
  }
}

export async function slackMessages({ sandbox }: World, channel: string): Promise<SlackMessage[]> {
  const url = `${sandbox.slack}/sandbox/messages?channel=${encodeURIComponent(channel)}`;
  return (await getJson<{ messages: SlackMessage[] }>(url)).messages;
}

export interface SlackCall {
  readonly method: string;
  readonly outcome: string;
}

export async function slackCalls({ sandbox }: World): Promise<SlackCall[]> {
  return (await getJson<{ requests: SlackCall[] }>(`${sandbox.slack}/sandbox/requests`)).requests;
}
