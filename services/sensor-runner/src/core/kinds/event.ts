// Waiting for a message of another service: what a message means, and how far the stream was read. Pure.
import { fitted } from "../fit-output.ts";
import type { Json, JsonMap, Seen } from "../wait.ts";
import type { Held } from "./http.ts";

export interface EventConfig {
  /** Below chasqui.trigger. */
  readonly subject: string;
  /** CEL over `event`; absent means that any message will do. */
  readonly when: string | undefined;
  /** Only what the stream took from then on counts; absent until the run's logical time is known. */
  readonly sinceMs: number | undefined;
}

export const settleEvent = (config: EventConfig, logicalMs: number): EventConfig => ({
  ...config,
  sinceMs: config.sinceMs ?? logicalMs,
});

/** How far the stream was read. A stream that was lost and made again counts from the beginning. */
export interface Cursor {
  readonly created: string;
  readonly sequence: number;
  /** Messages of the subject so far, none of which fitted. */
  readonly seen: number;
  /** Why the last of them did not; empty for none. */
  readonly why: string;
}

export function cursorIn(stored: Json, stream: { created: string; lastSequence: number }): Cursor {
  const fresh: Cursor = { created: stream.created, sequence: 0, seen: 0, why: "" };
  if (typeof stored !== "object" || stored === null || Array.isArray(stored)) return fresh;
  const { created, sequence, seen, why } = stored;
  if (created !== stream.created || typeof sequence !== "number") return fresh;
  if (sequence > stream.lastSequence || typeof seen !== "number" || typeof why !== "string")
    return fresh;
  return { created, sequence, seen, why };
}

export type Message =
  | { readonly is: "event"; readonly event: JsonMap }
  /** Not a CloudEvent, or not of this source: the scheduler buries such, a sensor passes over them. */
  | { readonly is: "malformed"; readonly why: string };

/** The wait's end, or why this message is not it. */
export function judgeMessage(message: Message, fits: Held): Seen | string {
  if (message.is === "malformed") return message.why;
  if (typeof fits === "string") return fits;
  if (fits === false) return `message ${String(message.event["id"])} does not fit`;
  const note = `message ${String(message.event["id"])} of ${String(message.event["source"])}`;
  return { is: "there", note, output: fitted(message.event, "data") };
}

/** None has come that fits; `more` when there are others to be read at once. */
export function noneYet(
  { subject, sinceMs = 0 }: EventConfig,
  cursor: Cursor,
  { nextMs }: { readonly nextMs?: number | undefined } = {},
): Seen {
  const since = `since ${new Date(sinceMs).toISOString().replace(".000Z", "Z")}`;
  const note =
    cursor.seen === 0
      ? `no message on ${subject} ${since}`
      : `${cursor.seen} on ${subject} ${since}, none fits: ${cursor.why}`;
  return {
    is: "not_yet",
    note,
    nextMs,
    cursor: { ...cursor },
    evidence: { messages: cursor.seen },
  };
}
