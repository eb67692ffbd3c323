// A pulse for lists that are live: "something changed", at most twice a second, while anybody listens.
// The events themselves are hints; whoever hears the pulse reads again.
import type { Bus, Subscribed } from "@chasqui/bus";
import { streams } from "@chasqui/contracts";
import type { FastifyInstance } from "fastify";
import { openEvents } from "./sse.ts";

const APART_MS = 500;

export function changesRoute(app: FastifyInstance, bus: Pick<Bus, "subscribePlain">): void {
  const pulses = createPulse(bus);
  app.get("/api/changes", async (_, reply) => {
    const stream = openEvents(reply);
    const unlisten = pulses.listen(() => void stream.send("changed", {}));
    stream.signal.addEventListener("abort", unlisten, { once: true });
    await pulses.established(); // whoever reads after this first pulse misses nothing that comes later
    await stream.send("changed", {});
  });
}

/** One subscription for all listeners, and none without. */
export function createPulse(bus: Pick<Bus, "subscribePlain">): {
  listen(hear: () => void): () => void;
  established(): Promise<void>;
} {
  const listeners = new Set<() => void>();
  let subscribed: Subscribed | undefined;
  let timer: NodeJS.Timeout | undefined;
  let missed = false;

  function beat(): void {
    if (timer !== undefined) {
      missed = true;
      return;
    }
    for (const hear of listeners) hear();
    timer = setTimeout(() => {
      timer = undefined;
      if (!missed) return;
      missed = false;
      beat();
    }, APART_MS);
  }

  return {
    established: async () => subscribed?.established(),
    listen(hear) {
      listeners.add(hear);
      subscribed ??= bus.subscribePlain(streams.CHASQUI_EVENTS.subjects[0], beat);
      return () => {
        listeners.delete(hear);
        if (listeners.size > 0) return;
        subscribed?.unsubscribe();
        subscribed = undefined;
        clearTimeout(timer);
        timer = undefined;
        missed = false;
      };
    },
  };
}
