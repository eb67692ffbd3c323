// A run, live: read again whenever one of its events passes by. Events are hints; the rows are the truth, and a slow
// look every now and then finds what no event told.
import type { Bus } from "@chasqui/bus";
import { subjects } from "@chasqui/contracts";
import { RunState } from "@chasqui/contracts";

const LOOK_EVERY_MS = 3_000;
/** Of a burst of events only the last look matters. */
const LOOK_APART_MS = 50;
const settled: ReadonlySet<number | undefined> = new Set([
  RunState.SUCCEEDED,
  RunState.FAILED,
  RunState.CANCELLED,
]);

export async function* watchRun<R extends { state?: RunState; version?: number }>(
  bus: Pick<Bus, "subscribePlain">,
  run: { runId: string; dagId: string },
  read: () => Promise<R>,
  signal: AbortSignal,
): AsyncGenerator<R, void, undefined> {
  let heard = Promise.withResolvers<void>();
  const subscription = bus.subscribePlain(subjects.eventsOfRun(run.dagId, run.runId), () =>
    heard.resolve(),
  );
  const timer = setInterval(() => heard.resolve(), LOOK_EVERY_MS);
  const abort = (): void => heard.resolve();
  signal.addEventListener("abort", abort, { once: true });
  let seen = -1;
  try {
    await subscription.established(); // before the first look: no event falls in between
    while (!signal.aborted) {
      heard = Promise.withResolvers();
      const now = await read();
      if (now.version !== seen) yield now;
      seen = now.version ?? -1;
      if (settled.has(now.state)) return;
      await Promise.all([heard.promise, pause(LOOK_APART_MS)]);
    }
  } finally {
    clearInterval(timer);
    signal.removeEventListener("abort", abort);
    subscription.unsubscribe();
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
