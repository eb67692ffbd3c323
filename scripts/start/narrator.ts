// What `npm start` says while it works: one line per step, and after two seconds of waiting how long it has been.
export interface Narrator {
  step(text: string): void;
  note(text: string): void;
  failed(thrown: unknown): void;
  /** Nothing is being waited for any more. */
  end(): void;
}

const SILENT_MS = 2_000;

export function createNarrator(out: NodeJS.WritableStream): Narrator {
  let waiting: { text: string; sinceMs: number } | undefined;
  const line = (text: string): void => void out.write(`${text}\n`);
  const timer = setInterval(() => {
    if (waiting === undefined) return;
    const seconds = Math.round((performance.now() - waiting.sinceMs) / 1_000);
    if (seconds < SILENT_MS / 1_000) return;
    line(`  … ${waiting.text} (${seconds} s)`);
  }, SILENT_MS);
  timer.unref();
  return {
    step(text) {
      waiting = { text, sinceMs: performance.now() };
      line(`• ${text}`);
    },
    note(text) {
      waiting = undefined;
      line(text);
    },
    failed(thrown) {
      waiting = undefined;
      for (
        let error = thrown;
        error !== undefined;
        error = error instanceof Error ? error.cause : undefined
      )
        line(`✗ ${error instanceof Error ? error.message : String(error)}`);
    },
    end() {
      waiting = undefined;
      clearInterval(timer);
    },
  };
}
