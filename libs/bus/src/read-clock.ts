// How long ago the server may have sent what is read now. A process that stood still (stopped, frozen with its machine,
// blocked) finds messages in its socket that look new and are old. The server's answer to a ping comes behind all that
// was sent before it: what is read after the answer was sent after the ping.
import { roundMsOf } from "./keep-alive.ts";
import type { Link } from "./link.ts";
import type { Unlisten } from "./listeners.ts";

export interface ReadClock {
  /** What is read now was sent at this time or later. */
  readonly sentSinceMs: number;
  stop(): void;
}

/** `ackWaitMs` is asked at every round: the clock is a sixth of it behind, and one round trip. */
export function startReadClock(link: Link, ackWaitMs: () => number): ReadClock {
  let sentSinceMs = Date.now();
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;

  const round = async (): Promise<void> => {
    const askedMs = Date.now();
    try {
      await link.nc.flush();
      sentSinceMs = askedMs;
    } catch {
      // The connection was lost; the next one begins with `onReconnect`.
    }
    if (isStopped) return;
    clearTimeout(timer);
    timer = setTimeout(() => void round(), roundMsOf(ackWaitMs())).unref();
  };
  const unlisten: Unlisten = link.onReconnect(() => {
    sentSinceMs = Date.now();
  });
  void round();

  return {
    get sentSinceMs() {
      return sentSinceMs;
    },
    stop() {
      isStopped = true;
      clearTimeout(timer);
      unlisten();
    },
  };
}
