// chat.*, reactions.* and auth.test.
import { isObject, textAt } from "../web/json.ts";
import type { JsonObject } from "../web/json.ts";
import { SlackError } from "./calls.ts";
import type { SlackArguments } from "./calls.ts";
import { checkAttachments, checkBlocks } from "./check-blocks.ts";
import type { Channel, SlackMessage, SlackStore } from "./store.ts";

export const BOT_USER = "U0SANDBOX";
const TEXT_LENGTH_MAX = 40_000;

export type Method = (args: SlackArguments) => JsonObject;

export function chatMethods(store: SlackStore, url: () => string): Record<string, Method> {
  return {
    "api.test": () => ({}),
    "auth.test": () => ({
      url: `${url()}/`,
      team: "Sandbox",
      user: "chasqui",
      team_id: "T0SANDBOX",
      user_id: BOT_USER,
      bot_id: "B0SANDBOX",
      is_enterprise_install: false,
    }),
    "chat.postMessage": (args) => postMessage(store, args),
    "chat.update": (args) => updateMessage(store, args),
    "chat.delete": (args) => {
      const message = findMessage(store, args, textAt(args, "ts"));
      store.remove(message);
      return { channel: message.channel, ts: message.ts };
    },
    "chat.getPermalink": (args) => {
      const { channel, ts } = findMessage(store, args, textAt(args, "message_ts"));
      return { channel, permalink: `${url()}/?channel=${channel}#m${ts}` };
    },
    "reactions.add": (args) => {
      const message = findMessage(store, args, textAt(args, "timestamp"));
      const name = textAt(args, "name") ?? "";
      const others = message.reactions ?? [];
      if (name === "") throw new SlackError("invalid_name");
      if (others.some((one) => one.name === name)) throw new SlackError("already_reacted");
      store.put({ ...message, reactions: [...others, { name, count: 1 }] });
      return {};
    },
    "reactions.remove": (args) => {
      const message = findMessage(store, args, textAt(args, "timestamp"));
      const left = (message.reactions ?? []).filter((one) => one.name !== args["name"]);
      if (left.length === (message.reactions ?? []).length) throw new SlackError("no_reaction");
      store.put({ ...message, reactions: left });
      return {};
    },
  };
}

/**
 * `#name`, `name`, an id, or a person. Channels come to be when first used, but for some names:
 * missing-…, archived-… and private-… are what they say.
 */
export function findChannel(store: SlackStore, asked: unknown): Channel {
  if (typeof asked !== "string" || asked === "") throw new SlackError("channel_not_found");
  const name = asked.replace(/^#/, "");
  if (name.startsWith("missing-")) throw new SlackError("channel_not_found");
  if (name.startsWith("archived-")) throw new SlackError("is_archived");
  if (name.startsWith("private-")) throw new SlackError("not_in_channel");
  if (/^[CDG][A-Z0-9]{8,}$/.test(name)) {
    const known = store.channel(name);
    if (known === undefined) throw new SlackError("channel_not_found");
    return known;
  }
  const isPerson = /^U[A-Z0-9]{6,}$/.test(name);
  if (!isPerson && !/^[a-z0-9_-]{1,80}$/.test(name)) throw new SlackError("channel_not_found");
  return store.channelNamed(name);
}

function postMessage(store: SlackStore, args: SlackArguments): JsonObject {
  const channel = findChannel(store, args["channel"]);
  const threadTs = textAt(args, "thread_ts");
  if (threadTs !== undefined && threadTs !== "" && store.get(channel.id, threadTs) === undefined) {
    throw new SlackError("thread_not_found");
  }
  const username = textAt(args, "username");
  const message: SlackMessage = {
    channel: channel.id,
    channel_name: channel.name,
    ts: store.nextTs(),
    user: BOT_USER,
    ...(threadTs === undefined || threadTs === "" ? {} : { thread_ts: threadTs }),
    ...(username === undefined ? {} : { username }),
    ...content(args),
  };
  store.put(message);
  return { channel: channel.id, ts: message.ts, message: wireMessage(message, true) };
}

function updateMessage(store: SlackStore, args: SlackArguments): JsonObject {
  const message = findMessage(store, args, textAt(args, "ts"));
  const edited = { user: BOT_USER, ts: store.nextTs() };
  // What is not sent again is gone, blocks and attachments too.
  const { blocks: _blocks, attachments: _attachments, ...kept } = message;
  const next = { ...kept, ...content(args), edited };
  store.put(next);
  return { channel: next.channel, ts: next.ts, text: next.text, message: wireMessage(next, true) };
}

function content(
  args: SlackArguments,
): Pick<SlackMessage, "text" | "blocks" | "attachments" | "metadata"> {
  const text = textAt(args, "text") ?? "";
  const blocks = checkBlocks(args["blocks"]);
  const attachments = checkAttachments(args["attachments"]);
  const { metadata } = args;
  if (text === "" && (blocks ?? []).length === 0 && (attachments ?? []).length === 0) {
    throw new SlackError("no_text");
  }
  if (text.length > TEXT_LENGTH_MAX) throw new SlackError("msg_too_long");
  if (metadata !== undefined && (!isObject(metadata) || !textAt(metadata, "event_type"))) {
    throw new SlackError("invalid_metadata_format");
  }
  return {
    text,
    ...(blocks === undefined ? {} : { blocks }),
    ...(attachments === undefined ? {} : { attachments }),
    ...(isObject(metadata) ? { metadata } : {}),
  };
}

/** Messages are found by the channel's id, as with Slack: a name is not enough. */
function findMessage(
  store: SlackStore,
  args: SlackArguments,
  ts: string | undefined,
): SlackMessage {
  const channel = store.channel(textAt(args, "channel") ?? "");
  if (channel === undefined) throw new SlackError("channel_not_found");
  const message = store.get(channel.id, ts ?? "");
  if (message === undefined) throw new SlackError("message_not_found");
  return message;
}

export function wireMessage(message: SlackMessage, withMetadata: boolean): JsonObject {
  const { channel: _channel, channel_name: _name, metadata, ...rest } = message;
  return {
    type: "message",
    bot_id: "B0SANDBOX",
    ...rest,
    ...(withMetadata && metadata !== undefined ? { metadata } : {}),
  };
}
