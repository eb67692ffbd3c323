// One look of any kind, within its bounds: loads what the kind needs, and turns whatever comes of it into what was seen.
// Invariants:
//   K1. Every look ends: after LOOK_MS nobody has answered.
//   K2. What it gives can be kept and shown: cleaned, and without secrets.
//   K3. Only the stop of the service lets a look fail; it is then somebody else's.
import { mask, maskJson } from "@chasqui/chassis";
import type { Part } from "@chasqui/chassis";
import { cleanSeen } from "./core/clean.ts";
import type { Json, Seen } from "./core/wait.ts";
import { CannotAsk } from "./kinds/kind.ts";
import type { Looker, SensorKind } from "./kinds/kind.ts";
import type { WaitRow } from "./store/rows.ts";

export const LOOK_MS = 15_000;

export type TakeLook = (row: WaitRow, stopping: AbortSignal) => Promise<Seen>;

export interface Lookers extends Part {
  readonly takeLook: TakeLook;
}

export function lookersOf(
  sensors: ReadonlyMap<string, SensorKind<unknown>>,
  { now, lookMs = LOOK_MS }: { readonly now: () => number; readonly lookMs?: number },
): Lookers {
  const open = new Map<string, Promise<Looker<unknown>>>();
  const lookerOf = (kind: string): Promise<Looker<unknown>> => {
    const known = open.get(kind);
    if (known !== undefined) return known;
    const sensor = sensors.get(kind);
    if (sensor === undefined) throw new CannotAsk(`${kind}: no such kind of sensor here`);
    const opening = sensor.open();
    open.set(kind, opening);
    opening.catch(() => open.delete(kind)); // loaded again with the next look
    return opening;
  };
  return {
    name: "outside",
    async takeLook(row, stopping) {
      const tooLong = AbortSignal.timeout(lookMs);
      const signal = AbortSignal.any([stopping, tooLong]);
      try {
        const looker = await lookerOf(row.kind);
        const { spec, progress, deadlineMs } = row;
        const look = looker.look(spec.of, { progress, deadlineMs, nowMs: now(), signal });
        return kept(await endedBy(signal, look));
      } catch (error) {
        if (stopping.aborted) throw error;
        if (error instanceof CannotAsk) return kept(cannotAsk(error));
        const note = tooLong.aborted
          ? `no answer within ${lookMs / 1_000} s`
          : error instanceof Error
            ? error.message
            : String(error);
        return kept({ is: "silent", note });
      }
    },
    async stop() {
      const opened = await Promise.allSettled(open.values());
      await Promise.all(
        opened.map((one) => (one.status === "fulfilled" ? one.value.close() : undefined)),
      );
    },
  };
}

/** Masked first: what is cut afterwards cuts no secret in half. */
function kept(seen: Seen): Seen {
  const note = mask(seen.note);
  switch (seen.is) {
    case "there":
      return cleanSeen({ ...seen, note, output: masked(seen.output) });
    case "not_yet":
    case "over":
      return cleanSeen({ ...seen, note, evidence: masked(seen.evidence) });
    default:
      return cleanSeen({ ...seen, note });
  }
}

function masked<T extends Json | undefined>(value: T): T {
  if (value === undefined) return value;
  const json = JSON.stringify(value);
  const without = maskJson(json);
  return without === json ? value : (JSON.parse(without) as T); // masked, it has the shape it had
}

const cannotAsk = ({ message, evidence }: CannotAsk): Seen => ({
  is: "over",
  class: "config",
  permanent: true,
  note: message,
  evidence,
});

/** A looker that does not heed its signal is left behind. */
function endedBy<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  work.catch(() => undefined);
  return Promise.race([work, promise]).finally(() => signal.removeEventListener("abort", onAbort));
}
