// Which runs are traced: every run up to so many a second, so that an ordinary installation traces everything and a
// flood does not pay for it. A run whose cause is traced elsewhere and not sampled there is not traced here.
import { parseTraceparent } from "@chasqui/chassis";

export function createTracingLimit(runsPerSecond: number, clock: () => number) {
  let second = 0;
  let taken = 0;
  return (start: { readonly traceparent: string | undefined }): boolean => {
    const parent = parseTraceparent(start.traceparent);
    if (parent !== undefined && !parent.sampled) return false;
    const now = Math.floor(clock() / 1_000);
    if (now !== second) {
      second = now;
      taken = 0;
    }
    taken += 1;
    return taken <= runsPerSecond;
  };
}
