// Wakes the ticker at each next due time, by a timer, and at least every `pollMs`: a timer that is late, or that
// nobody set, costs no tick. One round at a time; a round that failed is tried again after a pause.
import type { Logger, Part } from "@chasqui/chassis";

export interface ClockOptions {
  readonly log: Logger;
  readonly now: () => number;
  /** The earliest due time. */
  readonly nextMs: () => number | undefined;
  readonly round: () => Promise<void>;
  readonly pollMs: number;
}

export interface Clock extends Part {
  /** Something changed: look now. */
  wake(): void;
}

const FAILURE_PAUSE_MS = 500;

export function startClock(o: ClockOptions): Clock {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let askedAgain = false;
  let stopped = false;

  const wake = (): void => {
    clearTimeout(timer);
    if (stopped) return;
    if (running === undefined) running = run();
    else askedAgain = true;
  };

  async function run(): Promise<void> {
    let waitMs = FAILURE_PAUSE_MS;
    try {
      await o.round();
      const nextMs = o.nextMs();
      waitMs = nextMs === undefined ? o.pollMs : Math.min(o.pollMs, nextMs - o.now());
      if (askedAgain) waitMs = 0;
    } catch (error) {
      o.log.error({ error }, "a round of the clock failed; the next one tries again");
    }
    running = undefined;
    askedAgain = false;
    // Rounded up: a timer that fires a fraction early would find nothing due.
    if (!stopped) timer = setTimeout(wake, Math.max(0, Math.ceil(waitMs)));
  }

  wake();
  return {
    name: "clock",
    wake,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
