// The state machine's INBOX as the scheduler sees it: say a StartRun, hear its verdict.
// Facts that a reader may rely on:
//   I1. A start counts as said only when the stream has it, now or from an earlier time.
//   I2. A verdict may be lost (this process ended, the message had been decided before): whoever waits for one
//       asks for the run instead.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { Bus, OutMessage } from "@chasqui/bus";
import type { Logger, Part, Telemetry } from "@chasqui/chassis";
import { formatTraceparent, spanIds, startSpan } from "@chasqui/chassis";
import {
  CommandVerdictSchema,
  InboxMessageSchema,
  subjects,
  type CommandVerdict,
} from "@chasqui/contracts";
import { originOf } from "../starts.ts";
import type { Start } from "../starts.ts";

export interface Inbox extends Part {
  /** Answers, in order, which starts the stream has. Never throws. */
  say(starts: readonly Start[]): Promise<boolean[]>;
}

export interface InboxOptions {
  readonly bus: Bus;
  readonly telemetry: Telemetry;
  readonly log: Logger;
  readonly onVerdict: (start: Start, verdict: CommandVerdict) => void;
}

/** Verdicts that are waited for at once; an older one is found by asking for its run. */
const WAITING_MAX = 20_000;

export function openInbox({ bus, telemetry, log, onVerdict }: InboxOptions): Inbox {
  const waiting = new Map<string, Start>();
  const base = bus.inbox();
  let lastReply = 0;
  const subscribed = bus.subscribePlain(`${base}.*`, (data, subject) => {
    const start = waiting.get(subject);
    if (start === undefined) return;
    waiting.delete(subject);
    try {
      onVerdict(start, fromBinary(CommandVerdictSchema, data));
    } catch (error) {
      log.warn({ error, id: start.id }, "a verdict cannot be read; its run will be asked for");
    }
  });

  function replyTo(start: Start): string {
    const subject = `${base}.${++lastReply}`;
    waiting.set(subject, start);
    if (waiting.size > WAITING_MAX) {
      const [oldest] = waiting.keys();
      if (oldest !== undefined) waiting.delete(oldest);
    }
    return subject;
  }

  return {
    name: "inbox",
    async say(starts) {
      const startMs = Date.now();
      const outcomes = await bus.publish(starts.map((start) => messageOf(start, replyTo(start))));
      const endMs = Date.now();
      return starts.map((start, index) => {
        const outcome = outcomes[index] ?? "failed";
        const said = outcome === "stored" || outcome === "duplicate";
        if (!said)
          log.warn({ id: start.id, outcome }, "a StartRun was not stored; said again later");
        emitSpan(telemetry, start, { startMs, endMs, error: said ? undefined : outcome });
        return said;
      });
    },
    stop() {
      subscribed.unsubscribe();
      waiting.clear();
      return Promise.resolve();
    },
  };
}

function messageOf(start: Start, replyTo: string): OutMessage {
  const origin = originOf(start);
  const body = { case: "startRun", value: start.startRun } as const;
  return {
    subject: subjects.inbox("dag", start.startRun.dagId),
    id: start.id,
    data: toBinary(InboxMessageSchema, create(InboxMessageSchema, { id: start.id, replyTo, body })),
    traceparent: origin && formatTraceparent({ ...origin, spanId: spanIds.start(start.id) }),
    bundle: "starts", // of all partitions: what is due together is one commit
  };
}

function emitSpan(
  telemetry: Telemetry,
  start: Start,
  span: { startMs: number; endMs: number; error: string | undefined },
): void {
  const origin = originOf(start);
  if (origin?.sampled !== true) return;
  const { traceId, spanId } = origin;
  const traced = { traceId, spanId, runId: start.runId, dagId: start.startRun.dagId };
  telemetry.emitSpan(startSpan(traced, start.id, span));
}
