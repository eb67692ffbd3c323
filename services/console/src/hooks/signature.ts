// Whether a webhook's request comes from whom it says, and what identifies it. Nothing here waits.
// Facts that a reader may rely on:
//   S1. Signatures are compared in constant time, over the bytes as they came.
//   S2. The id is covered by the signature: a request that somebody caught and sends again, altered or not, is never
//       another event.
import { createHash, createHmac, timingSafeEqual } from "node:crypto";

export interface Signing {
  readonly scheme: "hmac" | "standard" | "slack";
  /** Any of them will do, while one takes the place of another. */
  readonly secrets: readonly string[];
  /** With `hmac`: the header that carries the signature. */
  readonly header: string;
}

export interface SignedRequest {
  readonly body: Uint8Array;
  header(name: string): string | undefined;
}

export type Verified =
  | { readonly ok: true; readonly id: string }
  | { readonly ok: false; readonly reason: string };

/** A `standard` request that is older, or from further in the future, is refused. */
export const TOLERANCE_MS = 300_000;
const ID_LENGTH_MAX = 256;

export function verify(request: SignedRequest, signing: Signing, nowMs: number): Verified {
  switch (signing.scheme) {
    case "hmac":
      return verifyHmac(request, signing);
    case "standard":
      return verifyStandard(request, signing, nowMs);
    case "slack":
      return verifySlack(request, signing, nowMs);
  }
}

const no = (reason: string): Verified => ({ ok: false, reason });

/** HMAC-SHA256 of the body in hex, with or without `sha256=` before it, as GitHub and many others send it. */
function verifyHmac({ body, header }: SignedRequest, signing: Signing): Verified {
  const given = header(signing.header)?.trim();
  if (given === undefined || given === "") return no(`no header ${signing.header}`);
  const signature = Buffer.from(given.replace(/^sha256=/i, ""), "hex");
  const fits = signing.secrets.some((secret) => equal(signature, hmac(secret, body)));
  if (!fits) return no(`${signing.header} is not the HMAC-SHA256 of the body with our secret`);
  // Delivery ids in headers are not signed; the body is.
  return { ok: true, id: `body-${createHash("sha256").update(body).digest("hex").slice(0, 40)}` };
}

/** Slack signs version, time and body together; its signature is the request's id. */
function verifySlack(
  { body, header }: SignedRequest,
  { secrets }: Signing,
  nowMs: number,
): Verified {
  const [time, given] = ["x-slack-request-timestamp", "x-slack-signature"].map(header);
  if (!time || !given)
    return no("want the headers x-slack-request-timestamp and x-slack-signature");
  const sentMs = /^\d{1,12}$/.test(time) ? Number(time) * 1_000 : Number.NaN;
  if (!(Math.abs(nowMs - sentMs) <= TOLERANCE_MS))
    return no(`x-slack-request-timestamp is ${time}: want seconds since 1970, within 5 minutes`);
  const [, hex = ""] = /^v0=([0-9a-f]{64})$/.exec(given) ?? [];
  const signature = Buffer.from(hex, "hex");
  const content = Buffer.concat([Buffer.from(`v0:${time}:`), body]);
  const fits = secrets.some((secret) => equal(signature, hmac(secret, content)));
  return fits ? { ok: true, id: `slack-${hex}` } : no("x-slack-signature does not fit our secret");
}

/** The Standard Webhooks specification: id, time and body are signed together. */
function verifyStandard(
  { body, header }: SignedRequest,
  { secrets }: Signing,
  nowMs: number,
): Verified {
  const [id, time, given] = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(header);
  if (!id || !time || !given)
    return no("want the headers webhook-id, webhook-timestamp and webhook-signature");
  if (id.length > ID_LENGTH_MAX || /[^\x21-\x7e]/.test(id))
    return no(`webhook-id: want 1 to ${ID_LENGTH_MAX} printable characters`);
  const sentMs = /^\d{1,12}$/.test(time) ? Number(time) * 1_000 : Number.NaN;
  if (!(Math.abs(nowMs - sentMs) <= TOLERANCE_MS))
    return no(`webhook-timestamp is ${time}: want seconds since 1970, within 5 minutes of now`);
  const content = Buffer.concat([Buffer.from(`${id}.${time}.`), body]);
  const signatures = given
    .split(" ")
    .flatMap((one) => (one.startsWith("v1,") ? [Buffer.from(one.slice(3), "base64")] : []));
  const fits = secrets.some((secret) => {
    const wanted = hmac(Buffer.from(secret.replace(/^whsec_/, ""), "base64"), content);
    return signatures.some((signature) => equal(signature, wanted));
  });
  return fits ? { ok: true, id } : no("no signature in webhook-signature fits our secret");
}

const hmac = (secret: string | Uint8Array, content: Uint8Array): Buffer =>
  createHmac("sha256", secret).update(content).digest();

const equal = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && timingSafeEqual(a, b);
