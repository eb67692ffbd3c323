// How a handler says what became of a message, and how the bus says what went wrong.

/** Wrong input: trying again cannot help. The message goes to the dead letters. */
export class RejectError extends Error {
  override readonly name = "RejectError";
}

/** Not now, and not the message's fault: it comes again later, and this delivery is not counted. */
export class RetryError extends Error {
  override readonly name = "RetryError";
  readonly retryAfterMs: number;
  constructor(message: string, options: { retryAfterMs: number; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** The bus could not do what was asked. */
export class BusError extends Error {
  override readonly name = "BusError";
}

/** The JetStream API answered with an error. */
export class JetStreamError extends Error {
  override readonly name = "JetStreamError";
  /** The server's number for this error, for example 10059: stream not found. */
  readonly errorCode: number;
  constructor(message: string, errorCode: number) {
    super(message);
    this.errorCode = errorCode;
  }
}

/** One line, without control characters, of bounded size: fit for a header. */
export function oneLine(text: string, bytesMax: number): string {
  const clean = text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").trim();
  const bytes = Buffer.from(clean, "utf8");
  if (bytes.length <= bytesMax) return clean;
  const ellipsis = "…";
  let end = bytesMax - Buffer.byteLength(ellipsis);
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--; // never cut a character in two
  return bytes.toString("utf8", 0, end) + ellipsis;
}

/** What was thrown, in words: the message and those of its causes. */
export function reasonOf(thrown: unknown): string {
  const parts: string[] = [];
  let current: unknown = thrown;
  for (let depth = 0; current !== undefined && current !== null && depth < 5; depth++) {
    if (!(current instanceof Error)) {
      parts.push(String(current));
      break;
    }
    parts.push(current.name === "Error" ? current.message : `${current.name}: ${current.message}`);
    current = current.cause;
  }
  return parts.length === 0 ? "thrown without a reason" : parts.join(": ");
}
