// Reading a container's log as `GET pods/x/log` wants it: the tail, since a time, with timestamps,
// following. Lines come back in the order they were written.
import { closeSync, openSync, readSync } from "node:fs";
import type { LogFile } from "./log-file.ts";

const BLOCK_BYTES = 65_536;
const NEWLINE = 0x0a;
/** `2026-01-02T03:04:05.123456789Z stdout F ` */
const TIMESTAMP_LENGTH = 30;
const TAG_AT = TIMESTAMP_LENGTH + 8;
const TEXT_AT = TIMESTAMP_LENGTH + 10;

export interface ReadOptions {
  readonly follow: boolean;
  readonly timestamps: boolean;
  readonly tailLines?: number;
  /** The first timestamp wanted, in the log's own form. */
  readonly since?: string;
  readonly limitBytes?: number;
}

/** Yields blocks of the answer; ends at the end of the log, or when the signal fires. */
export async function* readLog(
  log: LogFile,
  options: ReadOptions,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const file = openLog(log);
  if (file === undefined) return;
  try {
    yield* readOpen(log, file, options, signal);
  } finally {
    closeSync(file);
  }
}

async function* readOpen(
  log: LogFile,
  file: number,
  options: ReadOptions,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  let left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  let generation = log.generation;
  let offset = options.tailLines === undefined ? 0 : tailStart(file, log.size, options.tailLines);
  let rest: Buffer = Buffer.alloc(0);
  let within = false; // the last piece was tagged P: the line goes on
  while (!signal.aborted && left > 0) {
    if (log.generation !== generation) {
      generation = log.generation;
      offset = 0;
      rest = Buffer.alloc(0);
    }
    const block = readAt(file, offset, Math.min(BLOCK_BYTES, log.size - offset));
    offset += block.length;
    if (block.length === 0) {
      if (!options.follow || log.ended) return;
      await log.changed(signal);
      continue;
    }
    const parsed = formatLines(Buffer.concat([rest, block]), options, within);
    ({ rest, within } = parsed);
    const out = parsed.out.subarray(0, left);
    left -= out.length;
    if (out.length > 0) yield out;
  }
}

/** undefined when the log went with its pod. An open one is read to its end even so. */
function openLog(log: LogFile): number | undefined {
  try {
    return openSync(log.path, "r");
  } catch {
    return undefined;
  }
}

function readAt(file: number, offset: number, length: number): Buffer {
  const block = Buffer.alloc(Math.max(0, length));
  if (block.length === 0) return block;
  return block.subarray(0, readSync(file, block, 0, block.length, offset));
}

function formatLines(
  bytes: Buffer,
  options: ReadOptions,
  started: boolean,
): { out: Buffer; rest: Buffer; within: boolean } {
  const parts: Buffer[] = [];
  let within = started;
  let start = 0;
  for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
    const line = bytes.subarray(start, end + 1);
    start = end + 1;
    const timestamp = line.toString("latin1", 0, TIMESTAMP_LENGTH);
    if (options.since !== undefined && timestamp < options.since) continue;
    if (options.timestamps && !within) parts.push(Buffer.from(`${timestamp} `));
    within = line[TAG_AT] === 0x50;
    parts.push(within ? line.subarray(TEXT_AT, -1) : line.subarray(TEXT_AT));
  }
  return { out: Buffer.concat(parts), rest: Buffer.from(bytes.subarray(start)), within };
}

/** The offset of the last n lines; pieces count as lines, as they do for a kubelet. */
function tailStart(file: number, size: number, lines: number): number {
  let seen = 0;
  for (let end = size; end > 0; end -= BLOCK_BYTES) {
    const from = Math.max(0, end - BLOCK_BYTES);
    const block = readAt(file, from, end - from);
    for (let index = block.length - 1; index >= 0; index--) {
      if (block[index] !== NEWLINE) continue;
      // The newline that ends line n from the end is number n; the one before it starts the tail.
      if (seen === lines) return from + index + 1;
      seen += 1;
    }
  }
  return 0;
}

/** The end of a log as text, without timestamps. */
export function tailText(log: LogFile, max: { lines: number; bytes: number }): string {
  const file = openLog(log);
  if (file === undefined) return "";
  const from = tailStart(file, log.size, max.lines);
  const bytes = readAt(file, from, log.size - from);
  closeSync(file);
  const { out } = formatLines(bytes, { follow: false, timestamps: false }, false);
  return out.subarray(Math.max(0, out.length - max.bytes)).toString("utf8");
}

/**
 * `sinceTime` in the log's form, cut to whole seconds: the real API server does the same on its
 * way to the kubelet, so a client that resumes must expect lines again.
 */
export function sinceOf(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19)}.000000000Z`;
}
