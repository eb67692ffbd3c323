// Spans on disk: JSON lines in numbered files, found again by position.
// Invariants:
//   O1. Memory holds positions only; a span costs three numbers, whatever its attributes weigh.
//   O2. At most spansMax spans are kept: when there are more, the oldest file goes.
//   O3. A file is only ever appended to, by the process that made it; a torn last line is skipped.
import {
  closeSync,
  createReadStream,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { isObject, parseJson } from "../web/json.ts";
import type { SpanRecord } from "./span.ts";

const FILES_MAX = 10;

export interface Position {
  readonly file: number;
  readonly offset: number;
  readonly length: number;
}

interface OpenFile {
  readonly descriptor: number;
  readonly path: string;
  size: number;
  spans: number;
}

export class SpanFiles {
  readonly #dir: string;
  readonly #spansPerFile: number;
  readonly #files = new Map<number, OpenFile>();
  readonly #onDrop: (file: number) => void;
  #current: number;

  constructor(dir: string, options: { spansMax: number; onDrop: (file: number) => void }) {
    this.#dir = dir;
    this.#spansPerFile = Math.max(1, Math.ceil(options.spansMax / FILES_MAX));
    this.#onDrop = options.onDrop;
    mkdirSync(dir, { recursive: true });
    for (const name of readdirSync(dir).toSorted()) {
      const number = Number(/^spans-(\d{8})\.jsonl$/.exec(name)?.[1]);
      if (number > 0) this.#open(number);
    }
    this.#current = Math.max(0, ...this.#files.keys());
  }

  append(span: SpanRecord): Position {
    let file = this.#files.get(this.#current);
    if (file === undefined || file.spans === 0 || file.spans >= this.#spansPerFile) {
      // A file found at the start counts no spans of ours: it is read, never written (O3).
      this.#current += 1;
      file = this.#open(this.#current);
      while (this.#files.size > FILES_MAX) this.#dropOldest();
    }
    const line = Buffer.from(`${JSON.stringify(span)}\n`);
    const offset = file.size;
    writeSync(file.descriptor, line, 0, line.length, offset);
    file.size += line.length;
    file.spans += 1;
    return { file: this.#current, offset, length: line.length };
  }

  read({ file, offset, length }: Position): SpanRecord | undefined {
    const open = this.#files.get(file);
    if (open === undefined) return undefined;
    const line = Buffer.alloc(length);
    readSync(open.descriptor, line, 0, length, offset);
    return parseSpan(line.toString("utf8"));
  }

  /** What earlier processes left, oldest first. */
  async *earlier(): AsyncGenerator<{ span: SpanRecord; position: Position }> {
    for (const [file, { path, spans }] of [...this.#files]) {
      if (spans > 0) continue;
      let offset = 0;
      for await (const line of createInterface({ input: createReadStream(path) })) {
        const length = Buffer.byteLength(line) + 1;
        const span = parseSpan(line);
        if (span !== undefined) yield { span, position: { file, offset, length } };
        offset += length;
      }
    }
  }

  close(): void {
    for (const { descriptor } of this.#files.values()) closeSync(descriptor);
    this.#files.clear();
  }

  #open(number: number): OpenFile {
    const path = join(this.#dir, `spans-${String(number).padStart(8, "0")}.jsonl`);
    const file = { descriptor: openSync(path, "a+"), path, size: 0, spans: 0 };
    this.#files.set(number, file);
    return file;
  }

  #dropOldest(): void {
    const [oldest] = this.#files.keys();
    const file = oldest === undefined ? undefined : this.#files.get(oldest);
    if (oldest === undefined || file === undefined) return;
    closeSync(file.descriptor);
    rmSync(file.path, { force: true });
    this.#files.delete(oldest);
    this.#onDrop(oldest);
  }
}

/** A line of our own. */
function parseSpan(line: string): SpanRecord | undefined {
  const parsed = parseJson(line);
  return isSpan(parsed) ? parsed : undefined;
}

function isSpan(value: unknown): value is SpanRecord {
  return isObject(value) && typeof value["trace"] === "string" && isObject(value["attributes"]);
}
