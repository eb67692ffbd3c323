// Slack by its Web API. One layer of retries per failure, and it is not this one: the client retries nothing.
// Invariant: a message's metadata carries the incident's id, so that a post whose answer was lost is found again.
// oxlint-disable unicorn/require-post-message-target-origin -- Slack's postMessage, not a window's
import { type KnownBlock, LogLevel, type MessageMetadata, WebClient } from "@slack/web-api";
import type { Block, Button } from "../core/blocks.ts";
import type { LookUpAnswer, Posted } from "../core/delivery.ts";
import { answerOf } from "./slack-answer.ts";
import type { Mark, Slack } from "./slack.ts";

export interface SlackConnection {
  readonly token: string;
  /** Slack's own without it. */
  readonly apiUrl: string | undefined;
}

const EVENT_TYPE = "chasqui_incident";
const PAGE = 200;
/** 1,000 messages in a channel since the post was tried: more is said to be unknown. */
const PAGES_MAX = 5;
const CHANNEL_PAGES_MAX = 20;
/** Slack's clock and ours. */
const CLOCK_SKEW_MS = 60_000;

export function webApiSlack(
  connection: SlackConnection,
  { timeoutMs }: { readonly timeoutMs: number },
): Slack {
  const web = clientOf(connection, timeoutMs);
  return {
    async post(channel, { text, blocks }, mark) {
      try {
        const answer = await web.chat.postMessage({
          channel,
          text,
          blocks: knownBlocks(blocks),
          metadata: metadataOf(mark),
          unfurl_links: false,
          unfurl_media: false,
        });
        const at = placeOf(answer.channel, answer.ts);
        return at === undefined
          ? { kind: "doubt", reason: "Slack said ok, but not where" }
          : { kind: "done", at };
      } catch (thrown) {
        return answerOf(thrown);
      }
    },
    async edit(at, { text, blocks }, mark) {
      const { channelId: channel, messageTs: ts } = at;
      const metadata = metadataOf(mark);
      try {
        await web.chat.update({ channel, ts, text, blocks: knownBlocks(blocks), metadata });
        return { kind: "done", at };
      } catch (thrown) {
        return answerOf(thrown);
      }
    },
    async lookUp({ name, id }, { incidentId, sinceMs }) {
      try {
        const channel = id ?? (await channelIdOf(web, name));
        if (channel === "nowhere") return { kind: "absent" };
        if (channel === undefined)
          return { kind: "unknown", reason: `nobody lists the channel ${name}` };
        return await searchHistory(web, channel, { incidentId, sinceMs });
      } catch (thrown) {
        const answer = answerOf(thrown);
        const reason = "reason" in answer ? answer.reason : answer.kind;
        return { kind: "unknown", reason: `not found yet: ${reason}` };
      }
    },
  };
}

function clientOf({ token, apiUrl }: SlackConnection, timeoutMs: number): WebClient {
  return new WebClient(token, {
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: timeoutMs,
    logLevel: LogLevel.ERROR,
    ...(apiUrl === undefined ? {} : { slackApiUrl: apiUrl }),
  });
}

/** Whose token it is, in words; rejects when Slack does not know it. */
export async function whoAmI(
  connection: SlackConnection,
  { timeoutMs }: { readonly timeoutMs: number },
): Promise<string> {
  const { team, user } = await clientOf(connection, timeoutMs).auth.test();
  return `${user ?? "a bot"} in ${team ?? "a workspace"}`;
}

async function searchHistory(
  web: WebClient,
  channel: string,
  { incidentId, sinceMs }: { readonly incidentId: string; readonly sinceMs: number },
): Promise<LookUpAnswer> {
  let cursor: string | undefined;
  const oldest = ((sinceMs - CLOCK_SKEW_MS) / 1_000).toFixed(6);
  for (let page = 0; page < PAGES_MAX; page++) {
    const { messages = [], response_metadata: more } = await web.conversations.history({
      channel,
      oldest,
      limit: PAGE,
      include_all_metadata: true,
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const { metadata, ts } of messages) {
      const payload = metadata?.event_type === EVENT_TYPE ? metadata.event_payload : undefined;
      const marked: Readonly<Record<string, unknown>> = payload ?? {};
      if (marked["incident_id"] !== incidentId) continue;
      const at = placeOf(channel, ts);
      if (at !== undefined) return { kind: "found", at, revision: Number(marked["revision"]) || 1 };
    }
    cursor = more?.next_cursor;
    if (cursor === undefined || cursor === "") return { kind: "absent" };
  }
  return { kind: "unknown", reason: `more than ${PAGES_MAX * PAGE} messages since it was posted` };
}

/**
 * A channel that a DAG names by its id is its own answer. "nowhere": it is not among all that we can see, so no post
 * was taken there either. Undefined: it is nothing that is listed, such as a person.
 */
async function channelIdOf(web: WebClient, name: string): Promise<string | undefined> {
  if (/^[CDG][A-Z0-9]{8,}$/.test(name)) return name;
  if (!/^#?[^@A-Z]+$/.test(name)) return undefined;
  const bare = name.replace(/^#/, "");
  let cursor: string | undefined;
  for (let page = 0; page < CHANNEL_PAGES_MAX; page++) {
    const { channels = [], response_metadata: more } = await web.conversations.list({
      limit: 1_000,
      types: "public_channel,private_channel",
      ...(cursor === undefined ? {} : { cursor }),
    });
    const found = channels.find((channel) => channel.name === bare);
    if (found?.id !== undefined) return found.id;
    cursor = more?.next_cursor;
    if (cursor === undefined || cursor === "") return "nowhere";
  }
  return undefined;
}

function metadataOf({ incidentId, revision }: Mark): MessageMetadata {
  return {
    event_type: EVENT_TYPE,
    event_payload: { incident_id: incidentId, revision },
  };
}

function placeOf(channelId: string | undefined, messageTs: string | undefined): Posted | undefined {
  return channelId === undefined || messageTs === undefined ? undefined : { channelId, messageTs };
}

const button = ({ text, action_id, value, url, style }: Button) => ({
  type: "button" as const,
  text: { type: "plain_text" as const, text: text.text, emoji: true },
  action_id,
  ...(value === undefined ? {} : { value }),
  ...(url === undefined ? {} : { url }),
  ...(style === undefined ? {} : { style }),
});

/** Ours are a part of Slack's, but for `readonly`. */
function knownBlocks(blocks: readonly Block[]): KnownBlock[] {
  return blocks.map((block): KnownBlock => {
    switch (block.type) {
      case "header":
        return { type: "header", text: { type: "plain_text", text: block.text.text, emoji: true } };
      case "actions":
        return { type: "actions", elements: block.elements.map(button) };
      case "context":
        return { type: "context", elements: block.elements.map(({ text }) => mrkdwn(text)) };
      case "section": {
        const { text, fields } = block;
        if (text !== undefined) return { type: "section", text: mrkdwn(text.text) };
        return { type: "section", fields: (fields ?? []).map((field) => mrkdwn(field.text)) };
      }
    }
  });
}

/** Verbatim: Slack turns neither names into mentions nor addresses into links by itself. */
const mrkdwn = (text: string) => ({ type: "mrkdwn", text, verbatim: true }) as const;
