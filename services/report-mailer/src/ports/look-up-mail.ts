// Asks a mail catcher whether it has a mail: GET <lookup_url>?messageId=…, 404 or an empty list means no.
// Invariant: only an answer that says so is a yes or a no; anything else is "could not be asked".
import type { LookUpMail } from "./mail.ts";

const ANSWER_MS_MAX = 5_000;

export function lookUpMailAt(url: string): LookUpMail {
  return async (messageId) => {
    const address = new URL(url);
    address.searchParams.set("messageId", messageId);
    try {
      const response = await fetch(address, { signal: AbortSignal.timeout(ANSWER_MS_MAX) });
      if (response.status === 404) return false;
      if (!response.ok) return undefined;
      return found(await response.json(), messageId);
    } catch {
      return undefined;
    }
  };
}

/** The list of mails, or an object with it under `mails`. A catcher that ignores the question must not answer it. */
function found(body: unknown, messageId: string): boolean | undefined {
  const list = Array.isArray(body) ? body : field(body, "mails");
  if (!Array.isArray(list)) return undefined;
  if (list.length === 0) return false;
  return list.some((mail) => bare(field(mail, "messageId")) === bare(messageId)) ? true : undefined;
}

/** Some show a Message-ID without its angle brackets. */
const bare = (messageId: unknown): unknown =>
  typeof messageId === "string" ? messageId.replace(/^<|>$/g, "") : messageId;

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
