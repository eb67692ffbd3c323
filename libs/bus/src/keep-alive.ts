// Tells the server that unsettled deliveries are being worked on, before their ack-wait is over. One timer for all:
// most deliveries are settled within milliseconds and never meet it.
import type { JetDelivery } from "./delivery.ts";

export interface KeepAlive {
  add(delivery: JetDelivery): void;
  delete(delivery: JetDelivery): void;
  readonly size: number;
  stop(): void;
}

export interface KeepAliveOptions {
  /** Asked at every round: ops may change it, and it is known only once the consumer is. */
  readonly ackWaitMs: () => number;
  /** A delivery held for longer is left to the server, so that a lost one is not lost for ever. */
  readonly holdMsMax: number;
}

const ROUND_MS_MAX = 5_000;
const ROUND_MS_MIN = 50;

/** Six rounds within an ack-wait. */
export const roundMsOf = (ackWaitMs: number): number =>
  Math.min(ROUND_MS_MAX, Math.max(ROUND_MS_MIN, ackWaitMs / 6));

export function startKeepAlive({ ackWaitMs, holdMsMax }: KeepAliveOptions): KeepAlive {
  const held = new Set<JetDelivery>();
  let timer: NodeJS.Timeout | undefined;

  // A word is due after a third of the ack-wait and a round comes every sixth: the latest is said at half time.
  const round = (): void => {
    const nowMs = Date.now();
    const dueMs = ackWaitMs() / 3;
    for (const delivery of held) {
      if (nowMs - delivery.receivedMs > holdMsMax) held.delete(delivery);
      else if (nowMs - delivery.touchedMs >= dueMs) delivery.working();
    }
    timer = held.size > 0 ? setTimeout(round, roundMsOf(ackWaitMs())) : undefined;
  };

  return {
    add(delivery) {
      held.add(delivery);
      timer ??= setTimeout(round, roundMsOf(ackWaitMs()));
    },
    delete: (delivery) => void held.delete(delivery),
    get size() {
      return held.size;
    },
    stop() {
      clearTimeout(timer);
      timer = undefined;
      held.clear();
    },
  };
}
