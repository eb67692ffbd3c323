// Waits longer than two seconds are shown: one line that is rewritten on a terminal, else a line now and then.
const QUIET_MS = 2_000;
const LINE_MS = 5_000; // without a terminal every line stays in a log

/** `update(text)` may be called as often as one likes; `end()` leaves the cursor on a new line. */
export function progressLine() {
  const startedAt = Date.now();
  let printedAt = 0;
  let open = false;
  return {
    update(text) {
      const now = Date.now();
      if (now - startedAt < QUIET_MS) return;
      const seconds = Math.round((now - startedAt) / 1000);
      const line = `chasqui: ${text} (${seconds} s)`;
      if (process.stderr.isTTY) {
        process.stderr.write(`\r\u001b[2K${line.slice(0, (process.stderr.columns ?? 80) - 1)}`);
        open = true;
      } else if (now - printedAt >= LINE_MS) {
        printedAt = now;
        process.stderr.write(`${line}\n`);
      }
    },
    end() {
      if (open) process.stderr.write("\n");
      open = false;
    },
  };
}
