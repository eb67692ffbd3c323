// Headers as bytes. The client's own header objects cost 2 µs to read and as much to write; a message of the
// hot streams has two headers, so they are written and searched as one string.
import { headers, type Msg, type MsgHdrs } from "nats";

const VERSION = "NATS/1.0\r\n";
const encoder = new TextEncoder();

/** Throws when the value could break out of its line. */
function line(name: string, value: string): string {
  // Three searches cost a tenth of one regular expression, and this runs twice a message.
  if (value.includes("\n") || value.includes("\r") || value.includes("\0"))
    throw new TypeError(
      `header ${name}: ${JSON.stringify(value.slice(0, 100))}: want a value of one line`,
    );
  return `${name}: ${value}\r\n`;
}

function checkedName(name: string): string {
  if (/^[!-9;-~]+$/.test(name)) return name;
  throw new TypeError(`header ${JSON.stringify(name)}: want a printable name without a colon`);
}

export interface HeaderParts {
  readonly id?: string | undefined;
  readonly traceparent?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Undefined when there is nothing to say. */
export function encodeHeaders(parts: HeaderParts): Uint8Array | undefined {
  const { id, traceparent, headers: more } = parts;
  let text = id === undefined ? "" : line("Nats-Msg-Id", id);
  if (traceparent !== undefined) text += line("traceparent", traceparent);
  if (more !== undefined)
    for (const name in more) text += line(checkedName(name), more[name] ?? "");
  return text === "" ? undefined : encoder.encode(`${VERSION}${text}\r\n`);
}

/** The value of a header in the text of all of them; the name as it was written. */
export function findHeader(text: string, name: string): string | undefined {
  const key = `\r\n${name}:`;
  const at = text.indexOf(key);
  if (at < 0) return undefined;
  const start = at + key.length;
  const end = text.indexOf("\r\n", start);
  return text.slice(start, end < 0 ? undefined : end).trim();
}

/** All headers of a message, in order, without the first line. */
export function listHeaders(text: string): [string, string][] {
  return text
    .split("\r\n")
    .slice(1)
    .filter((header) => header.includes(":"))
    .map((header) => {
      const colon = header.indexOf(":");
      return [header.slice(0, colon), header.slice(colon + 1).trim()];
    });
}

/** The headers of a received message as text, "" for none. */
export function headerText(message: Msg): string {
  return rawHeaderText(message) ?? publicHeaderText(message);
}

/**
 * The client parses all headers as soon as one is asked for; the bytes they came in are two private fields.
 * Undefined when the fields are not what we know (another version): then the public way is used.
 */
function rawHeaderText(message: Msg): string | undefined {
  const inner = message as {
    readonly _rdata?: unknown;
    readonly _msg?: { readonly hdr?: unknown };
  };
  const size = inner._msg?.hdr;
  if (typeof size !== "number" || !(inner._rdata instanceof Uint8Array)) return undefined;
  if (size <= 0) return "";
  const bytes = inner._rdata;
  return Buffer.from(bytes.buffer, bytes.byteOffset, size).toString("utf8");
}

function publicHeaderText(message: Msg): string {
  const all = message.headers;
  if (all === undefined) return "";
  const lines = [...all].flatMap(([name, values]) => values.map((value) => `${name}: ${value}`));
  return ["NATS/1.0", ...lines, "", ""].join("\r\n");
}

/** A header object of the client that says `bytes`: one object serves all messages, for sending is synchronous. */
export function reusableHeaders(): { readonly object: MsgHdrs; set(bytes: Uint8Array): void } {
  let current: Uint8Array = encoder.encode(`${VERSION}\r\n`);
  const object = Object.assign(headers(), { encode: (): Uint8Array => current });
  return {
    object,
    set(bytes) {
      current = bytes;
    },
  };
}
