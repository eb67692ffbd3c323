// Goes through what a job kind holds outside, once in a while, and through its decisions (core/sweep.ts).
// Invariant: one look at a time; a look that fails decides nothing, and says nothing in the inventory.
import { afterAsking, beforeAsking } from "./core/sweep.ts";
import type { SweepAction } from "./core/sweep.ts";
import type { Deps } from "./deps.ts";
import { sayInventory } from "./inventory.ts";
import type { HeldRef, JobKind } from "./kinds.ts";

/** Claims asked and actions taken at a time. */
const AT_ONCE = 8;

export interface Sweeper {
  /** A look that begins now, or when the one that is under way is over. */
  sweep(): Promise<void>;
  stop(): Promise<void>;
}

export function startSweeper(
  kind: JobKind<unknown>,
  deps: Deps,
  options: { readonly service: string; readonly everyMs: number; submitting(): string[] },
): Sweeper {
  const { bus, log, now } = deps;
  const stopping = new AbortController();
  let under: Promise<void> | undefined;
  let asked = new Map<string, number>();

  const act = async (job: HeldRef, action: SweepAction): Promise<void> => {
    switch (action) {
      case "keep":
        return;
      case "ask": {
        const claim = await deps.asking.once(job.ref, stopping.signal);
        if (claim === undefined) return;
        asked.set(job.attemptId, now());
        return act(job, afterAsking(job, claim));
      }
      case "report":
        return kind.report(job.attemptId);
      case "confirm":
        return kind.confirm(job.attemptId);
      case "discard":
        return kind.discard(job.attemptId);
      case "end": {
        const fields = { attempt_id: job.attemptId, run_id: job.ref.runId };
        log.warn(fields, `${kind.kind}: nobody wants what runs here; it is ended`);
        await kind.cancel(job.ref, "the attempt is not wanted any more");
      }
    }
  };
  const look = async (): Promise<void> => {
    const jobs = await kind.list();
    const live = jobs.filter((job) => job.state.is !== "confirmed").map((job) => job.attemptId);
    const attemptIds = [...new Set([...live, ...options.submitting()])];
    const whole = { service: options.service, kind: kind.kind, atMs: now(), isWhole: true };
    sayInventory(bus, { ...whole, attemptIds });
    asked = new Map(jobs.flatMap(({ attemptId: id }) => entryOf(asked, id)));
    const queue = [...jobs];
    const worker = async (): Promise<void> => {
      for (let job = queue.shift(); job !== undefined; job = queue.shift()) {
        if (stopping.signal.aborted) return;
        await act(job, beforeAsking(job, now(), asked.get(job.attemptId))).catch((error: unknown) =>
          log.warn({ attempt_id: job?.attemptId, error }, `${kind.kind}: swept in vain`),
        );
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  };
  const lookOnce = (): Promise<void> => {
    under ??= look()
      .catch((error: unknown) => log.warn({ error }, `${kind.kind}: could not list what is held`))
      .finally(() => (under = undefined));
    return under;
  };
  const timer = setInterval(() => void lookOnce(), options.everyMs).unref();
  void lookOnce(); // what ended while nobody watched is found now
  return {
    async sweep() {
      await under;
      await lookOnce();
    },
    async stop() {
      clearInterval(timer);
      stopping.abort(new Error("the runner stops"));
      await under;
    },
  };
}

function entryOf(asked: ReadonlyMap<string, number>, id: string): [string, number][] {
  const ms = asked.get(id);
  return ms === undefined ? [] : [[id, ms]];
}
