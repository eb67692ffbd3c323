// AWS Signature Version 4 as a server checks it, written from Amazon's description and not from a client's code: so a
// client that signs wrongly is seen. Header form only.
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** The one key that the stand-in knows. */
export const KEY = { id: "sandbox", secret: "sandbox-secret-key" } as const;
const SKEW_MS_MAX = 15 * 60_000;
const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/;

export type SignatureCheck =
  | "unsigned"
  | "good"
  | { readonly code: string; readonly message: string };

export function checkSignature(
  request: Pick<IncomingMessage, "method" | "url" | "headers">,
  { nowMs, key = KEY }: { readonly nowMs: number; readonly key?: { id: string; secret: string } },
): SignatureCheck {
  const header = request.headers.authorization;
  if (header === undefined) return "unsigned";
  const [, id, day = "", region = "", signed = "", signature = ""] =
    AUTHORIZATION.exec(header) ?? [];
  if (id === undefined)
    return { code: "AuthorizationHeaderMalformed", message: "want AWS4-HMAC-SHA256" };
  if (id !== key.id)
    return { code: "InvalidAccessKeyId", message: `the stand-in knows ${key.id} only` };
  const time = one(request, "x-amz-date");
  const ms = msOf(time);
  if (ms === undefined || !time.startsWith(day) || Math.abs(nowMs - ms) > SKEW_MS_MAX)
    return { code: "RequestTimeTooSkewed", message: `x-amz-date ${time}` };
  const names = signed.split(";");
  if (!names.includes("host") || !names.includes("x-amz-date"))
    return { code: "AccessDenied", message: "host and x-amz-date want to be signed" };
  const scope = `${day}/${region}/s3/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", time, scope, sha256(canonical(request, names))].join("\n");
  const signing = [region, "s3", "aws4_request"].reduce<string | Buffer>(
    (secret, part) => hmac(secret, part),
    hmac(`AWS4${key.secret}`, day),
  );
  const wanted = hmac(signing, text);
  if (timingSafeEqual(wanted, Buffer.from(signature, "hex"))) return "good";
  return { code: "SignatureDoesNotMatch", message: "the signature is not that of the request" };
}

function canonical(
  request: Pick<IncomingMessage, "method" | "url" | "headers">,
  names: readonly string[],
): string {
  const { pathname, search } = new URL(request.url ?? "/", "http://stand-in");
  const query = [...new URLSearchParams(search)]
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .sort()
    .join("&");
  const path = pathname
    .split("/")
    .map((part) => encoded(decodeURIComponent(part)))
    .join("/");
  const headers = names.map((name) => `${name}:${one(request, name).replace(/ +/g, " ").trim()}\n`);
  const payload = one(request, "x-amz-content-sha256") || "UNSIGNED-PAYLOAD";
  return [request.method, path, query, headers.join(""), names.join(";"), payload].join("\n");
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const hmac = (key: string | Buffer, text: string): Buffer =>
  createHmac("sha256", key).update(text).digest();

const encoded = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );

function one(request: Pick<IncomingMessage, "headers">, name: string): string {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(",") : (value ?? "");
}

function msOf(time: string): number | undefined {
  const parts = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(time)?.slice(1);
  if (parts === undefined) return undefined;
  const [year, month, day, hour, minute, second] = parts;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}
