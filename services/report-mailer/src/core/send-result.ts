// What one SMTP conversation proves. The only question that matters: may the server have taken the mail?
// Invariants:
//   S1. `refused` means surely not sent: the body was never begun, or the server answered it with 4xx or 5xx.
//   S2. Everything else after the body was begun is `doubt`.
import type { Evidence } from "./delivery.ts";

export type SendResult =
  | { readonly kind: "accepted"; readonly evidence: Evidence }
  | {
      readonly kind: "refused";
      /** `everyone`: the next recipient would hear the same. */
      readonly scope: "recipient" | "everyone";
      /** Saying it again cannot help. */
      readonly permanent: boolean;
      readonly message: string;
      readonly evidence: Evidence;
    }
  | { readonly kind: "doubt"; readonly message: string; readonly evidence: Evidence };

/** What a mail client reports about a send that did not end well. */
export interface SendError {
  /** True from the moment the first byte of the body was asked for. */
  readonly bodyBegun: boolean;
  readonly message: string;
  /** The client's own code: EENVELOPE, EMESSAGE, EAUTH, ETIMEDOUT, … */
  readonly code?: string | undefined;
  readonly responseCode?: number | undefined;
  readonly response?: string | undefined;
  /** The SMTP command that was answered. */
  readonly command?: string | undefined;
}

const RESPONSE_LENGTH_MAX = 300;

export function sendResultOf(error: SendError): SendResult {
  const evidence = evidenceOf(error);
  const message = messageOf(error);
  const { responseCode = 0 } = error;
  if (error.bodyBegun) {
    // 421 may be the server's goodbye that crossed our last dot: it proves nothing.
    const answered = error.code === "EMESSAGE" && responseCode >= 400 && responseCode !== 421;
    if (!answered) return { kind: "doubt", message, evidence };
    return {
      kind: "refused",
      scope: "recipient",
      permanent: responseCode >= 500,
      message,
      evidence,
    };
  }
  const permanent = responseCode >= 500 || isTooBig(error);
  const scope = isAboutRecipient(error) ? "recipient" : "everyone";
  return { kind: "refused", scope, permanent, message, evidence };
}

/** 552 on MAIL FROM is about this mail's size; other answers there are about us, the sender. */
function isAboutRecipient(error: SendError): boolean {
  if (isTooBig(error)) return true;
  if (error.responseCode === undefined || error.responseCode === 421) return false;
  if (error.code !== "EENVELOPE" && error.code !== "EMESSAGE") return false;
  return error.command !== "MAIL FROM" || error.responseCode === 552;
}

/** The client compares with the size the server announced and does not even ask. */
const isTooBig = (error: SendError): boolean =>
  error.code === "EMESSAGE" && error.responseCode === undefined && !error.bodyBegun;

function evidenceOf(error: SendError): Evidence {
  return {
    body_begun: error.bodyBegun,
    ...(error.code === undefined ? {} : { code: error.code }),
    ...(error.responseCode === undefined ? {} : { response_code: error.responseCode }),
    ...(error.response === undefined ? {} : { response: stored(error.response) }),
    ...(error.command === undefined ? {} : { command: error.command }),
  };
}

/** Of bounded length, and text that PostgreSQL stores: no NUL, no half of a character. */
const stored = (text: string): string =>
  text.replaceAll("\u0000", "").slice(0, RESPONSE_LENGTH_MAX).toWellFormed();

function messageOf(error: SendError): string {
  const said = error.response ?? error.message;
  const line = stored(said.replace(/\s+/g, " ").trim());
  const step = error.command === undefined || error.command === "API" ? "" : ` at ${error.command}`;
  if (!error.bodyBegun) return `not sent: ${line}${step}`;
  return `the mail server was given the mail and then: ${line}`;
}
