// A process of deliver() that can be killed at any point between two effects: what it does afterwards has no effect,
// as in life. Around the ports of a world in memory or around real ones.
import type { Delivering } from "../deliver.ts";

/** Ends a process: what it awaited never comes. */
export class Killed extends Error {
  override readonly name = "Killed";
}

export interface Kill {
  /** The process dies at its n-th point; undefined: it lives. */
  readonly killedAt: number | undefined;
  /** Waits at each point, for tests that choose the order. */
  readonly pause?: (what: string) => Promise<void>;
}

/** Every effect has a point before and a point after; sending has one more, before the server is reached. */
export function killable(inner: Delivering, { killedAt, pause }: Kill): Delivering {
  let points = 0;
  let dead = false;
  const point = async (what: string): Promise<void> => {
    await pause?.(what);
    if (points === killedAt) dead = true;
    points += 1;
    if (dead) throw new Killed(what);
  };
  const effect = async <T>(what: string, act: () => Promise<T>): Promise<T> => {
    await point(`before ${what}`);
    const result = await act();
    await point(`after ${what}`);
    return result;
  };
  const { ledger, mailer, lookUp, clock } = inner;
  return {
    ...inner,
    ledger: {
      load: (keys) => effect("load", () => ledger.load(keys)),
      put: (key, next) => effect("put", () => ledger.put(key, next)),
    },
    mailer: {
      send: async (mail, options) => {
        await point("connect");
        return await effect("send", () => mailer.send(mail, options));
      },
      close: () => mailer.close(),
    },
    lookUp: lookUp && ((messageId) => effect("look up", () => lookUp(messageId))),
    clock: {
      monotonicMs: () => clock.monotonicMs(),
      sleep: async (ms, signal) => {
        await point("sleep");
        await clock.sleep(ms, signal);
      },
    },
  };
}

/** What a process does until its end, whichever that is. */
export async function untilKilled(running: Promise<unknown>): Promise<"ended" | "killed"> {
  try {
    await running;
    return "ended";
  } catch (error) {
    if (error instanceof Killed) return "killed";
    throw error;
  }
}
