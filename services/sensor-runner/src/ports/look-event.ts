// Looks for a message in the stream of triggers, from where the last look left off.
// Invariants:
//   E1. A message is passed over only after it was read: what was stored when the look began is read, or is left to
//       the next look.
//   E2. At most MESSAGES_MAX messages a look; if there may be more, the next look comes at once.
import type { Bus, StoredMessage } from "@chasqui/bus";
import { CloudEventError, readCloudEvent, subjects, triggerData } from "@chasqui/contracts";
import { cursorIn, judgeMessage, noneYet } from "../core/kinds/event.ts";
import type { Cursor, EventConfig, Message } from "../core/kinds/event.ts";
import type { JsonMap } from "../core/wait.ts";
import type { Looker } from "../kinds/kind.ts";

const STREAM = "CHASQUI_TRIGGERS";
const MESSAGES_MAX = 100;

export function eventLooker(bus: Pick<Bus, "findMessage" | "streamPosition">): Looker<EventConfig> {
  return {
    async look(config, { progress, nowMs }) {
      const position = await bus.streamPosition(STREAM);
      let cursor = cursorIn(progress.cursor, position);
      if (cursor.sequence > 0 && cursor.sequence >= position.lastSequence)
        return noneYet(config, cursor); // nothing was published at all
      const filter = subjects.trigger(config.subject);
      for (let count = 0; count < MESSAGES_MAX; count++) {
        const from =
          cursor.sequence > 0
            ? { afterSequence: cursor.sequence }
            : { sinceMs: config.sinceMs ?? nowMs };
        const stored = await bus.findMessage(STREAM, filter, from);
        if (stored === undefined) {
          const sequence = Math.max(cursor.sequence, position.lastSequence);
          return noneYet(config, { ...cursor, sequence });
        }
        if (stored.publishedMs < (config.sinceMs ?? 0)) {
          cursor = { ...cursor, sequence: stored.streamSequence }; // a time that is still to come
          continue;
        }
        const judged = await judge(config, stored);
        if (typeof judged !== "string") return judged;
        cursor = passed(cursor, stored, judged);
      }
      return noneYet(config, cursor, { nextMs: nowMs });
    },
    close: async () => {},
  };
}

const passed = (cursor: Cursor, { streamSequence }: StoredMessage, why: string): Cursor => ({
  ...cursor,
  sequence: streamSequence,
  seen: cursor.seen + 1,
  why,
});

async function judge({ when, subject }: EventConfig, stored: StoredMessage) {
  const message = messageIn(stored, subject);
  if (when === undefined || message.is === "malformed") return judgeMessage(message, undefined);
  const { holds } = await import("./conditions.ts");
  return judgeMessage(message, holds(when, { event: message.event }));
}

function messageIn(stored: StoredMessage, subject: string): Message {
  try {
    const event = readCloudEvent(stored);
    const [token] = subject.split(".");
    const [first] = event.source.replace(/^\//, "").split("/");
    if (first !== token)
      return {
        is: "malformed",
        why: `the source is ${JSON.stringify(event.source)}: want ${token}`,
      };
    const data = triggerData(event) ?? {};
    if (typeof data !== "object" || Array.isArray(data))
      return { is: "malformed", why: `the data of ${event.id} is no JSON object` };
    const time = event.time ?? new Date(stored.publishedMs).toISOString();
    const { id, source, type } = event;
    return { is: "event", event: { id, source, type, subject, time, data: data as JsonMap } };
  } catch (error) {
    if (error instanceof CloudEventError) return { is: "malformed", why: error.message };
    throw error;
  }
}
