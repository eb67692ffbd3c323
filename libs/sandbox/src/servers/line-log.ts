// The output of a child process, line by line: waited on, remembered for error messages, and kept in a file.
import { createWriteStream, type WriteStream } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

const LINES_KEPT_MAX = 200;

interface Waiter {
  readonly pattern: RegExp;
  readonly resolve: (match: RegExpExecArray) => void;
}

export interface LineLog {
  /** Reads one more stream of the process. */
  attach(stream: Readable): void;
  /** The next line that matches; lines before the call do not count. Never settles if none comes. */
  next(pattern: RegExp): Promise<RegExpExecArray>;
  /** The newest line that matches, of those remembered. */
  last(pattern: RegExp): RegExpExecArray | undefined;
  /** The last lines, for an error message. */
  tail(lines: number): string;
  close(): void;
}

export function createLineLog(file: string, { append }: { append: boolean }): LineLog {
  const out: WriteStream = createWriteStream(file, { flags: append ? "a" : "w", mode: 0o600 });
  out.on("error", () => undefined); // a full disk must not end the one who only keeps the log
  const kept: string[] = [];
  let waiters: Waiter[] = [];
  const take = (line: string): void => {
    if (!out.writableEnded) out.write(`${line}\n`);
    kept.push(line);
    if (kept.length > LINES_KEPT_MAX) kept.shift();
    waiters = waiters.filter(({ pattern, resolve }) => {
      const match = pattern.exec(line);
      if (match !== null) resolve(match);
      return match === null;
    });
  };
  return {
    attach(stream) {
      createInterface({ input: stream }).on("line", take);
    },
    next(pattern) {
      return new Promise((resolve) => {
        waiters.push({ pattern, resolve });
      });
    },
    last(pattern) {
      for (const line of kept.toReversed()) {
        const match = pattern.exec(line);
        if (match !== null) return match;
      }
      return undefined;
    },
    tail(lines) {
      return kept.slice(-lines).join("\n");
    },
    close() {
      out.end();
    },
  };
}
