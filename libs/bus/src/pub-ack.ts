// The server's answer to a publish, told apart without parsing JSON when all is well.
import type { Msg } from "nats";
import { headerText } from "./wire-headers.ts";
import type { PublishOutcome } from "./types.ts";

export interface PubAck {
  readonly outcome: PublishOutcome;
  /** Why it was not stored, for people. */
  readonly reason?: string;
  /** This user may not publish there, so saying it again is of no use. */
  readonly isForbidden?: true;
}

export const NO_STREAM = "no stream has this subject";

const STORED: PubAck = { outcome: "stored" };
const DUPLICATE: PubAck = { outcome: "duplicate" };

const BRACE = 0x7d; // }
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const LETTER_S = 0x73;
const LETTER_M = 0x6d;
const STORE_FAILED = 10077;

export function readPubAck(message: Msg): PubAck {
  const data = message.data;
  const last = data.length - 1;
  // {"stream":"X","seq":12} ends with a digit and a brace; {"stream":"X","seq":12,"duplicate": true} does not.
  if (data[last] === BRACE && data[2] === LETTER_S && data[7] === LETTER_M) {
    const before = data[last - 1] ?? 0;
    if (before >= DIGIT_0 && before <= DIGIT_9) return STORED;
  }
  return data.length === 0 ? withoutBody(message) : parsePubAck(message.string());
}

function withoutBody(message: Msg): PubAck {
  const status = /^NATS\/1\.0 (\d{3})/.exec(headerText(message))?.[1];
  return status === "503"
    ? { outcome: "failed", reason: NO_STREAM }
    : { outcome: "failed", reason: `the server answered ${status ?? "nothing"}` };
}

export function parsePubAck(text: string): PubAck {
  const answer = parseAnswer(text);
  if (answer === undefined)
    return { outcome: "failed", reason: `not an answer: ${text.slice(0, 200)}` };
  const { error } = answer;
  if (error === undefined) return answer.duplicate === true ? DUPLICATE : STORED;
  const reason = `${error.description ?? "no description"} (${error.err_code ?? "no code"})`;
  const isRefusal =
    error.err_code === STORE_FAILED && /^maximum (messages|bytes)\b/.test(error.description ?? "");
  return { outcome: isRefusal ? "refused" : "failed", reason };
}

interface Answer {
  readonly stream?: string;
  readonly duplicate?: boolean;
  readonly error?: { readonly err_code?: number; readonly description?: string };
}

function parseAnswer(text: string): Answer | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && ("stream" in value || "error" in value)
      ? (value as Answer)
      : undefined;
  } catch {
    return undefined;
  }
}
