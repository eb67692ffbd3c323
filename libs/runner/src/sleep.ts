// A wait that can be interrupted, on the timers of the process (which tests replace).

/** Resolves after a while; rejects with the signal's reason when that fires first. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason);
    const end = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", end);
      resolve();
    }, ms);
    timer.unref();
    signal?.addEventListener("abort", end, { once: true });
  });
}
