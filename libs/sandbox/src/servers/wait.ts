// Long waits are told to whoever asked: the text of `describe`, from two seconds on, every second.
export type OnWait = (text: string) => void;

const QUIET_MS = 2_000;
const EVERY_MS = 1_000;

export async function tellWhileWaiting<T>(
  work: Promise<T>,
  describe: () => string,
  onWait: OnWait | undefined,
): Promise<T> {
  if (onWait === undefined) return work;
  const startedAt = performance.now();
  const timer = setInterval(() => {
    const waitedMs = performance.now() - startedAt;
    if (waitedMs >= QUIET_MS) onWait(`${describe()} (${Math.round(waitedMs / 1000)} s)`);
  }, EVERY_MS);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}

/** Resolves with the work, or rejects with `message()` when `timeoutMs` have passed. */
export async function within<T>(
  work: Promise<T>,
  timeoutMs: number,
  message: () => string,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(message())), timeoutMs);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
