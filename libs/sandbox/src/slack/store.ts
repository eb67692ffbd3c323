// Slack's memory: channels and messages, kept as JSON lines.
// Invariants:
//   B1. A message is known by (channel, ts); ts is unique and rises.
//   B2. A channel's id follows from its name, so it is the same after a restart.
//   B3. What was answered "ok" is on disk.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { isObject, textAt } from "../web/json.ts";
import type { JsonObject } from "../web/json.ts";
import { openJournal } from "../web/journal.ts";
import type { Journal } from "../web/journal.ts";

const MESSAGES_MAX = 20_000;

export interface SlackMessage {
  readonly channel: string;
  readonly channel_name: string;
  readonly ts: string;
  readonly text: string;
  readonly thread_ts?: string;
  readonly user: string;
  readonly blocks?: readonly unknown[];
  readonly attachments?: readonly unknown[];
  readonly files?: readonly unknown[];
  readonly metadata?: JsonObject;
  readonly reactions?: readonly { readonly name: string; readonly count: number }[];
  readonly edited?: { readonly user: string; readonly ts: string };
  readonly username?: string;
}

export interface Channel {
  readonly id: string;
  readonly name: string;
}

export class SlackStore {
  readonly #messages = new Map<string, SlackMessage>();
  readonly #channels = new Map<string, Channel>();
  readonly #journal: Journal;
  readonly #onChange: (message: SlackMessage) => void;
  #lastMicros = 0;

  constructor(dataDir: string, onChange: (message: SlackMessage) => void) {
    this.#onChange = onChange;
    const { journal, entries } = openJournal(join(dataDir, "messages.jsonl"));
    this.#journal = journal;
    for (const entry of entries) this.#load(entry);
    const kept = [...this.#messages.values()].slice(-MESSAGES_MAX);
    if (entries.length > 2 * kept.length + 100) journal.rewrite(kept);
  }

  channels(): readonly Channel[] {
    return [...this.#channels.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  channel(id: string): Channel | undefined {
    return this.#channels.get(id);
  }

  /** The channel of this name; it comes to be when it is first asked for. */
  channelNamed(name: string): Channel {
    const digest = createHash("sha256").update(name).digest("hex").toUpperCase();
    const id = `${/^U[A-Z0-9]{6,}$/.test(name) ? "D" : "C"}${digest.slice(0, 10)}`;
    const channel = this.#channels.get(id) ?? { id, name };
    this.#channels.set(id, channel);
    return channel;
  }

  get(channel: string, ts: string): SlackMessage | undefined {
    return this.#messages.get(`${channel} ${ts}`);
  }

  /** In order of their ts. */
  all(): readonly SlackMessage[] {
    return [...this.#messages.values()].toSorted((a, b) => (a.ts < b.ts ? -1 : 1));
  }

  nextTs(): string {
    this.#lastMicros = Math.max(this.#lastMicros + 1, Date.now() * 1_000);
    const seconds = Math.floor(this.#lastMicros / 1_000_000);
    return `${seconds}.${String(this.#lastMicros % 1_000_000).padStart(6, "0")}`;
  }

  /** A new message, or the next state of one. */
  put(message: SlackMessage): void {
    this.#keep(message);
    this.#journal.append(message);
    this.#onChange(message);
  }

  remove(message: SlackMessage): void {
    this.#messages.delete(`${message.channel} ${message.ts}`);
    this.#journal.append({ ...message, deleted: true });
    this.#onChange(message);
  }

  #load(entry: unknown): void {
    const channel = textAt(entry, "channel");
    const ts = textAt(entry, "ts");
    if (channel === undefined || ts === undefined || !isMessage(entry)) return;
    if ("deleted" in entry) this.#messages.delete(`${channel} ${ts}`);
    else this.#keep(entry);
    const [seconds = "0", micros = "0"] = ts.split(".");
    this.#lastMicros = Math.max(this.#lastMicros, Number(seconds) * 1_000_000 + Number(micros));
  }

  #keep(message: SlackMessage): void {
    this.#messages.set(`${message.channel} ${message.ts}`, message);
    this.#channels.set(message.channel, { id: message.channel, name: message.channel_name });
    if (this.#messages.size > MESSAGES_MAX) {
      this.#messages.delete(this.#messages.keys().next().value ?? "");
    }
  }
}

/** A line of our own journal. */
function isMessage(entry: unknown): entry is SlackMessage {
  return (
    isObject(entry) &&
    ["channel_name", "text", "user"].every((key) => typeof entry[key] === "string")
  );
}
