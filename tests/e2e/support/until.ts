// Waits for what another process shows only when it is asked: asked again and again, with an end.

export interface UntilOptions {
  readonly timeoutMs?: number;
  readonly everyMs?: number;
}

/** Resolves with the first answer that is neither undefined nor false; an error of `ask` counts as "not yet". */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  { timeoutMs = 120_000, everyMs = 50 }: UntilOptions = {},
): Promise<T> {
  const giveUpMs = performance.now() + timeoutMs;
  let last: unknown = "no answer yet";
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      last = answer;
    } catch (thrown) {
      last = thrown;
    }
    if (performance.now() > giveUpMs)
      throw new Error(`waited ${timeoutMs / 1_000} s for ${what}; last: ${String(last)}`, {
        cause: last,
      });
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
