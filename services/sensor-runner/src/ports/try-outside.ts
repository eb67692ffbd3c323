// One request to what a connection leads to: is somebody there, and does it know who we are?
// Invariant: a secret goes to the connection's own address only, and only where sensors may look.
import type { ConnectionOf } from "@chasqui/chassis";
import type { AddressPolicy } from "./addresses.ts";
import { guardedAgent } from "./guarded-agent.ts";
import { guardedSend } from "./guarded-send.ts";
import type { Answer } from "./object-store.ts";

const GOOGLE = "https://storage.googleapis.com";
/** A bucket that nobody has: its answer says whether the key was known. */
const NO_BUCKET = "chasqui-connection-test";

export async function tryHttp(
  { base_url: base, token, header }: ConnectionOf<"http">,
  policy: AddressPolicy,
  signal: AbortSignal,
): Promise<string> {
  const carries = header === undefined ? `Bearer ${token}` : token;
  const headers = token === undefined ? {} : { [header ?? "authorization"]: String(carries) };
  const { status } = await get(new URL(base), headers, policy, signal);
  if (status === 401 || status === 403) throw new Error(`${base} does not know us: ${status}`);
  if (status >= 500) throw new Error(`${base} answered ${status}`);
  return `${base} answered ${status}`;
}

export async function tryS3(
  connection: ConnectionOf<"s3">,
  policy: AddressPolicy,
  signal: AbortSignal,
): Promise<string> {
  const { signedHeaders } = await import("./s3-objects.ts");
  const url = new URL(connection.endpoint ?? `https://s3.${connection.region}.amazonaws.com`);
  const headers = await signedHeaders(connection, "GET", url);
  const { status, body } = await get(url, headers, policy, signal);
  const code = /<Code>([^<]*)<\/Code>/.exec(body)?.[1] ?? "";
  if (status < 300) return `${url.host} knows the key`;
  // Who may not list the buckets was known all the same.
  if (status === 403 && code === "AccessDenied") return `${url.host} answered: it lists no buckets`;
  throw new Error(`${url.host} answered ${status}${code === "" ? "" : `: ${code}`}`);
}

export async function tryGcs(
  { endpoint, credentials }: ConnectionOf<"gcs">,
  policy: AddressPolicy,
  signal: AbortSignal,
): Promise<string> {
  const url = new URL(`${(endpoint ?? GOOGLE).replace(/\/$/, "")}/storage/v1/b/${NO_BUCKET}`);
  const headers: Record<string, string> = {};
  if (endpoint === undefined || credentials !== undefined) {
    const { googleTokens } = await import("./google-token.ts");
    headers["authorization"] = `Bearer ${await googleTokens()(credentials)}`;
  }
  const { status } = await get(url, headers, policy, signal);
  if (status === 401 || status >= 500) throw new Error(`${url.host} answered ${status}`);
  return `${url.host} knows us`;
}

async function get(
  url: URL,
  headers: Record<string, string>,
  policy: AddressPolicy,
  signal: AbortSignal,
): Promise<Answer> {
  const guarded = guardedAgent(policy);
  try {
    return await guardedSend(guarded)({ method: "GET", url, headers }, signal);
  } finally {
    await guarded.agent.destroy();
  }
}
