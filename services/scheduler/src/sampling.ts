// Which starts are traced: every one up to so many a second, so that an ordinary installation traces everything
// and a flood does not pay for spans. A trigger whose publisher does not trace is not traced either.

export interface Sampler {
  /** Takes one of this second's traced runs, when there is one left. */
  take(nowMs: number): boolean;
}

export function createSampler(runsPerSecond: number): Sampler {
  let second = Number.NaN;
  let left = 0;
  return {
    take(nowMs) {
      const current = Math.floor(nowMs / 1_000);
      if (current !== second) {
        second = current;
        left = runsPerSecond;
      }
      if (left <= 0) return false;
      left -= 1;
      return true;
    },
  };
}
