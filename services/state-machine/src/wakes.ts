// Wakes on time: the poll of due rows is the truth and comes once a second; memory adds precision for what is near.
// A wake is a message like any other cause; nothing is decided here.
import type { Bus } from "@chasqui/bus";
import { timerDue } from "./say/messages.ts";

/** Further ahead than this the poll will find it. */
const AHEAD_MS = 30_000;
const TIMERS_MAX = 10_000;

export interface Wakes {
  at(runId: string, wakeMs: number | undefined): void;
  stop(): void;
}

export function createWakes(bus: Pick<Bus, "publish">, clock: () => number): Wakes {
  const timers = new Map<string, { wakeMs: number; timer: NodeJS.Timeout }>();
  return {
    at(runId, wakeMs) {
      const known = timers.get(runId);
      if (wakeMs === undefined || known?.wakeMs === wakeMs) return;
      const inMs = wakeMs - clock();
      if (inMs > AHEAD_MS || (known === undefined && timers.size >= TIMERS_MAX)) return;
      clearTimeout(known?.timer);
      const timer = setTimeout(
        () => {
          timers.delete(runId);
          void bus.publish([timerDue(runId, wakeMs)]); // lost: the poll says it again
        },
        Math.max(0, inMs) + 1,
      );
      timers.set(runId, { wakeMs, timer });
    },
    stop() {
      for (const { timer } of timers.values()) clearTimeout(timer);
      timers.clear();
    },
  };
}
