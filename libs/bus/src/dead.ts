// Dead letters: the copy is durable before the original is let go, so a message is never in neither place.
import { subjects } from "@chasqui/contracts";
import { ORIGINAL_ID_HEADER, type Buriable } from "./delivery.ts";
import { oneLine } from "./errors.ts";
import type { BusLog, OutMessage, PublishOutcome } from "./types.ts";
import { encodeHeaders } from "./wire-headers.ts";

export const DEAD_HEADERS = {
  reason: "chasqui-dead-reason",
  subject: "chasqui-dead-subject",
  stream: "chasqui-dead-stream",
  sequence: "chasqui-dead-sequence",
  /** The size of a body that had to be cut; a cut letter cannot be redriven. */
  cutFrom: "chasqui-dead-cut-from",
} as const;

const REASON_BYTES_MAX = 1_024;
const DEAD_RETRY_MS = 5_000;

/** The letter for a delivery that its consumer gave up. The sender's headers are kept. */
export function deadLetterOf(
  delivery: Buriable,
  options: { readonly durable: string; readonly reason: string; readonly bytesMax: number },
): OutMessage {
  const { stream, streamSequence } = delivery.facts;
  const kept = delivery.headers.filter(([name]) => !/^nats-/i.test(name));
  const headers: Record<string, string> = {
    ...Object.fromEntries(kept),
    [ORIGINAL_ID_HEADER]: delivery.id,
    [DEAD_HEADERS.reason]: oneLine(options.reason, REASON_BYTES_MAX) || "no reason given",
    [DEAD_HEADERS.subject]: delivery.subject,
    [DEAD_HEADERS.stream]: stream,
    [DEAD_HEADERS.sequence]: String(streamSequence),
  };
  const id = `dead:${delivery.place}`;
  const subject = subjects.dead(options.durable);
  // A body at the server's limit has no room for more headers; better a cut letter than one that never goes.
  const cutHeader = { ...headers, [DEAD_HEADERS.cutFrom]: String(delivery.data.length) };
  const room = options.bytesMax - (encodeHeaders({ id, headers: cutHeader })?.length ?? 0);
  return delivery.data.length <= room
    ? { subject, id, headers, data: delivery.data }
    : { subject, id, headers: cutHeader, data: delivery.data.subarray(0, Math.max(0, room)) };
}

export interface Undertaker {
  /** Buries the message, or gives it back for later when the copy cannot be stored. True when it is gone. */
  bury(delivery: Buriable, reason: string): Promise<boolean>;
}

export function createUndertaker(options: {
  readonly durable: string;
  readonly publish: (messages: readonly OutMessage[]) => Promise<PublishOutcome[]>;
  readonly bytesMax: () => number;
  readonly log: BusLog;
  /** Told between copy and end; when it throws, the message comes again. */
  readonly onDead?: ((delivery: Buriable, reason: string) => Promise<void>) | undefined;
}): Undertaker {
  const { durable, publish, bytesMax, log, onDead } = options;
  return {
    async bury(delivery, reason) {
      const facts = { durable, subject: delivery.subject, id: delivery.id, reason };
      const letter = deadLetterOf(delivery, { durable, reason, bytesMax: bytesMax() });
      const [outcome] = await publish([letter]);
      if (outcome !== "stored" && outcome !== "duplicate") {
        log.error({ ...facts, outcome }, "bus: dead letter not stored, the message comes again");
        delivery.retry(DEAD_RETRY_MS);
        return false;
      }
      try {
        await onDead?.(delivery, reason);
      } catch (thrown) {
        log.error({ ...facts, err: String(thrown) }, "bus: onDead threw, the message comes again");
        delivery.retry(DEAD_RETRY_MS);
        return false;
      }
      delivery.term();
      log.warn(facts, "bus: message moved to the dead letters");
      return true;
    },
  };
}
