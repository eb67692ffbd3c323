// Ids are derived, never random, so that saying a thing twice is saying it once.
// An id is a prefix, a hyphen and 26 characters of lower-case base-32 (130 bits of SHA-256): legal as a
// subject token, a Kubernetes name and label, a Vertex AI label, a key and a part of a URL.
import { hash } from "node:crypto";

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"; // Crockford: no i, l, o, u to misread

/** Derives an id from the parts that make the thing what it is. Parts are told apart by NUL. */
export function deriveId(prefix: string, ...parts: readonly (string | number)[]): string {
  const digest = hash("sha256", parts.join("\0"), "buffer");
  let text = "";
  for (let i = 0, bits = 0, value = 0; text.length < 26;) {
    if (bits < 5) {
      value = ((value & 0x1f) << 8) | (digest[i++] ?? 0);
      bits += 8;
    }
    bits -= 5;
    text += ALPHABET[(value >>> bits) & 31];
  }
  return `${prefix}-${text}`;
}

/** A run: one per DAG and key, whoever asks first. */
export const runIdOf = (dagId: string, key: string): string => deriveId("run", dagId, key);

export interface AttemptKey {
  readonly runId: string;
  readonly taskId: string;
  /** -1 for a task that is not mapped. */
  readonly mapIndex: number;
  /** Counted from 1, never restarts. */
  readonly attempt: number;
}

/** An attempt; the Nats-Msg-Id of its assignment and the name of its pod or job. */
export const attemptIdOf = (key: AttemptKey): string =>
  deriveId("att", key.runId, key.taskId, key.mapIndex, key.attempt);

/** A pool, whose name may hold any character: the key of its messages. */
export const poolIdOf = (pool: string): string => deriveId("pool", pool);

/** An update of an attempt: a second copy is the same message. */
export const updateIdOf = (attemptId: string, sequence: number): string =>
  `${attemptId}:u${sequence}`;

/** A public event: one per run, commit and <what>. */
export const eventIdOf = (runId: string, version: number, what: string): string =>
  `${runId}:${version}:${what}`;

/** The trace of a run that no trigger's trace already contains: known from the start. */
export const traceIdOf = (runId: string): string => hash("sha256", `trace\0${runId}`).slice(0, 32);

/** A span whose id must be known before, or without, the process that writes it. */
export const spanIdOf = (...parts: readonly (string | number)[]): string =>
  hash("sha256", `span\0${parts.join("\0")}`).slice(0, 16);

/** The Nats-Msg-Id of a trigger: CloudEvents' identity is source and id together. */
export const triggerMessageIdOf = (source: string, id: string): string =>
  deriveId("trg", source, id);
