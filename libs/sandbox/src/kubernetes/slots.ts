// Places on the node, given in the order they were asked for.

export interface Slots {
  readonly taken: number;
  readonly free: boolean;
  /** Resolves true with a place, or false when the signal fired first. */
  take(signal: AbortSignal): Promise<boolean>;
  release(): void;
}

export function createSlots(max: number): Slots {
  let taken = 0;
  const waiting: (() => void)[] = [];
  return {
    get taken() {
      return taken;
    },
    get free() {
      return taken < max;
    },
    take(signal) {
      if (signal.aborted) return Promise.resolve(false);
      if (taken < max) {
        taken += 1;
        return Promise.resolve(true);
      }
      return new Promise((resolve) => {
        const give = () => {
          signal.removeEventListener("abort", leave);
          resolve(true);
        };
        const leave = () => {
          waiting.splice(waiting.indexOf(give), 1);
          resolve(false);
        };
        signal.addEventListener("abort", leave, { once: true });
        waiting.push(give);
      });
    },
    release() {
      const next = waiting.shift();
      if (next === undefined) taken -= 1;
      else next(); // the place goes from hand to hand
    },
  };
}
