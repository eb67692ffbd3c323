// conversations.*
import { textAt } from "../web/json.ts";
import type { JsonObject } from "../web/json.ts";
import { SlackError } from "./calls.ts";
import type { SlackArguments } from "./calls.ts";
import { findChannel, wireMessage } from "./methods-chat.ts";
import type { Method } from "./methods-chat.ts";
import type { Channel, SlackMessage, SlackStore } from "./store.ts";

export function conversationMethods(store: SlackStore): Record<string, Method> {
  return {
    "conversations.list": (args) => {
      const { items, next } = page(store.channels(), args, 100);
      return { channels: items.map(wireChannel), response_metadata: { next_cursor: next } };
    },
    "conversations.info": (args) => ({ channel: wireChannel(knownChannel(store, args)) }),
    "conversations.join": (args) => ({ channel: wireChannel(knownChannel(store, args)) }),
    "conversations.create": (args) => {
      const name = textAt(args, "name") ?? "";
      if (!/^[a-z0-9_-]{1,80}$/.test(name)) throw new SlackError("invalid_name");
      if (store.channels().some((one) => one.name === name)) throw new SlackError("name_taken");
      return { channel: wireChannel(store.channelNamed(name)) };
    },
    "conversations.open": (args) => {
      const users = textAt(args, "users") ?? "";
      if (!/^U[A-Z0-9]{6,}$/.test(users)) throw new SlackError("user_not_found");
      return { channel: { id: findChannel(store, users).id } };
    },
    "conversations.history": (args) => {
      const channel = knownChannel(store, args);
      const top = store
        .all()
        .filter((one) => one.channel === channel.id && isTop(one) && within(one, args));
      return history(store, top.toReversed(), args);
    },
    "conversations.replies": (args) => {
      const channel = knownChannel(store, args);
      const ts = textAt(args, "ts") ?? "";
      if (store.get(channel.id, ts) === undefined) throw new SlackError("thread_not_found");
      const thread = store
        .all()
        .filter((one) => one.channel === channel.id && (one.ts === ts || one.thread_ts === ts));
      return history(store, thread, args);
    },
  };
}

function knownChannel(store: SlackStore, args: SlackArguments): Channel {
  const channel = store.channel(textAt(args, "channel") ?? "");
  if (channel === undefined) throw new SlackError("channel_not_found");
  return channel;
}

function isTop(message: SlackMessage): boolean {
  return message.thread_ts === undefined || message.thread_ts === message.ts;
}

function within(message: SlackMessage, args: SlackArguments): boolean {
  const oldest = Number(textAt(args, "oldest") ?? 0);
  const latest = Number(textAt(args, "latest") ?? Number.POSITIVE_INFINITY);
  const ts = Number(message.ts);
  const inclusive = String(args["inclusive"]) === "true";
  return (ts > oldest && ts < latest) || (inclusive && (ts === oldest || ts === latest));
}

function history(
  store: SlackStore,
  messages: readonly SlackMessage[],
  args: SlackArguments,
): JsonObject {
  const withMetadata = String(args["include_all_metadata"]) === "true";
  const { items, next } = page(messages, args, 100);
  const replies = (ts: string) => store.all().filter((one) => one.thread_ts === ts).length;
  return {
    messages: items.map((message) => {
      const count = replies(message.ts);
      const thread = count === 0 ? {} : { thread_ts: message.ts, reply_count: count };
      return { ...wireMessage(message, withMetadata), ...thread };
    }),
    has_more: next !== "",
    response_metadata: { next_cursor: next },
  };
}

function page<T>(
  all: readonly T[],
  args: SlackArguments,
  defaultLimit: number,
): { items: readonly T[]; next: string } {
  const start = Number(textAt(args, "cursor") ?? 0) || 0;
  const limit = Number(args["limit"] ?? defaultLimit) || defaultLimit;
  const end = start + Math.min(limit, 999);
  return { items: all.slice(start, end), next: end < all.length ? String(end) : "" };
}

function wireChannel(channel: Channel): JsonObject {
  const isDirect = channel.id.startsWith("D");
  return {
    id: channel.id,
    name: channel.name,
    is_channel: !isDirect,
    is_im: isDirect,
    is_private: false,
    is_archived: false,
    is_member: true,
  };
}
