// The log of one container, on disk, in the CRI's line format:
//   2026-01-02T03:04:05.123456789Z stdout F text
// Invariants:
//   L1. Bytes are kept as the process wrote them; a line above 16 KiB is stored in pieces tagged P,
//       the last one F, and read back as one line.
//   L2. Timestamps within a log strictly rise and have nine digits, so they compare as text.
//   L3. The file is bounded: at bytesMax it is started anew, as a kubelet rotates.
import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";

const PIECE_BYTES_MAX = 16_384;
const LOG_BYTES_MAX = 10 * 1024 * 1024;
const NEWLINE = 0x0a;

export type StreamName = "stdout" | "stderr";

export class LogFile {
  readonly path: string;
  readonly #bytesMax: number;
  readonly #file: number;
  readonly #rest: Record<StreamName, Buffer> = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  #size = 0;
  #generation = 0;
  #ended = false;
  #lastNs = 0n;
  #waiters: (() => void)[] = [];

  constructor(path: string, options: { bytesMax?: number } = {}) {
    this.path = path;
    this.#bytesMax = options.bytesMax ?? LOG_BYTES_MAX;
    this.#file = openSync(path, "w+");
  }

  get size(): number {
    return this.#size;
  }

  /** Rises when the file is started anew; a reader then begins at 0 again. */
  get generation(): number {
    return this.#generation;
  }

  get ended(): boolean {
    return this.#ended;
  }

  append(stream: StreamName, chunk: Buffer): void {
    if (this.#ended) return;
    let rest = Buffer.concat([this.#rest[stream], chunk]);
    const pieces: Buffer[] = [];
    for (;;) {
      const end = rest.indexOf(NEWLINE);
      if (end >= 0 && end <= PIECE_BYTES_MAX) {
        pieces.push(this.#piece(stream, "F", rest.subarray(0, end)));
        rest = rest.subarray(end + 1);
      } else if (rest.length > PIECE_BYTES_MAX) {
        pieces.push(this.#piece(stream, "P", rest.subarray(0, PIECE_BYTES_MAX)));
        rest = rest.subarray(PIECE_BYTES_MAX);
      } else break;
    }
    this.#rest[stream] = Buffer.from(rest);
    this.#write(Buffer.concat(pieces));
  }

  /** The process is gone: what it left without a newline becomes a line. */
  end(): void {
    if (this.#ended) return;
    for (const stream of ["stdout", "stderr"] as const) {
      const rest = this.#rest[stream];
      if (rest.length > 0) this.#write(this.#piece(stream, "F", rest));
    }
    this.#ended = true;
    closeSync(this.#file); // thousands of finished pods keep their logs: readers open them again
    this.#wake();
  }

  /** Resolves when there is more to read, the log ended, or the signal fired. */
  changed(signal: AbortSignal): Promise<void> {
    if (this.#ended || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener("abort", done);
        resolve();
      };
      signal.addEventListener("abort", done, { once: true });
      this.#waiters.push(done);
    });
  }

  #piece(stream: StreamName, tag: "P" | "F", text: Buffer): Buffer {
    const head = Buffer.from(`${this.#timestamp()} ${stream} ${tag} `);
    return Buffer.concat([head, text, Buffer.of(NEWLINE)]);
  }

  #timestamp(): string {
    const now = BigInt(Math.round((performance.timeOrigin + performance.now()) * 1_000)) * 1_000n;
    this.#lastNs = now > this.#lastNs ? now : this.#lastNs + 1n;
    const ms = this.#lastNs / 1_000_000n;
    const below = (this.#lastNs % 1_000_000_000n).toString().padStart(9, "0");
    return `${new Date(Number(ms)).toISOString().slice(0, 19)}.${below}Z`;
  }

  #write(bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (this.#size > 0 && this.#size + bytes.length > this.#bytesMax) {
      ftruncateSync(this.#file);
      this.#size = 0;
      this.#generation += 1;
    }
    writeSync(this.#file, bytes, 0, bytes.length, this.#size);
    this.#size += bytes.length;
    this.#wake();
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}
