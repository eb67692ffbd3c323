// W3C trace context, version 00, as text: what travels in headers, metadata and environment variables.
import { randomBytes } from "node:crypto";

export interface TraceParent {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  readonly sampled: boolean;
}

const NO_TRACE = "0".repeat(32);
const NO_SPAN = "0".repeat(16);

/** Undefined for anything that is not a valid traceparent: a bad header must not break the work it came with. */
export function parseTraceparent(text: string | undefined): TraceParent | undefined {
  if (text === undefined) return undefined;
  const match = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(
    text.trim(),
  );
  if (match === null) return undefined;
  const [, version = "", traceId = "", spanId = "", flags = "", rest] = match;
  if (version === "ff" || (version === "00" && rest !== undefined)) return undefined;
  if (traceId === NO_TRACE || spanId === NO_SPAN) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export function formatTraceparent({ traceId, spanId, sampled }: TraceParent): string {
  return `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`;
}

const POOL_BYTES = 8 * 512;
let pool = Buffer.alloc(0);
let used = 0;

/** A random span id, for spans whose id nobody needs to derive. */
export function newSpanId(): string {
  for (;;) {
    if (used + 8 > pool.length) {
      pool = randomBytes(POOL_BYTES); // one system call for 512 ids
      used = 0;
    }
    const id = pool.toString("hex", used, used + 8);
    used += 8;
    if (id !== NO_SPAN) return id;
  }
}
