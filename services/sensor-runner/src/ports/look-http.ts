// Looks at an HTTP endpoint once.
// Invariants:
//   H1. At most BODY_BYTES_MAX of a body are read. Redirects are answers, not followed: they may lead anywhere.
//   H2. A connection's secret goes to its own base address only.
import { request } from "undici";
import { judgeHttp } from "../core/kinds/http.ts";
import type { Held, HttpAnswer, HttpConfig } from "../core/kinds/http.ts";
import type { Json } from "../core/wait.ts";
import { CannotAsk } from "../kinds/kind.ts";
import type { Looker } from "../kinds/kind.ts";
import type { AddressPolicy } from "./addresses.ts";
import type { Connections } from "./connections.ts";
import { guardedAgent, messageOf, privateAddressIn } from "./guarded-agent.ts";
import type { GuardedAgent } from "./guarded-agent.ts";

export const BODY_BYTES_MAX = 60_000;

export function httpLooker(options: {
  readonly policy: AddressPolicy;
  readonly connections: Connections;
}): Looker<HttpConfig> {
  const guarded = guardedAgent(options.policy);
  return {
    async look(config, { signal }) {
      const target = targetOf(config, options.connections);
      const answer = await ask(guarded, { ...target, method: config.method }, signal);
      return judgeHttp(config, answer, await heldOf(config, answer));
    },
    close: () => guarded.agent.destroy(),
  };
}

interface Target {
  readonly url: URL;
  readonly headers: Record<string, string>;
}

function targetOf(config: HttpConfig, connections: Connections): Target {
  const headers: Record<string, string> = { "user-agent": "chasqui-sensor" };
  for (const [key, value] of Object.entries(config.headers)) headers[key.toLowerCase()] = value;
  const name = config.connection;
  if (name === undefined) return { url: new URL(config.url), headers };
  const { base_url: base, token, header } = connections.of(name, "http");
  const url = config.url.startsWith("/")
    ? new URL(base.replace(/\/$/, "") + config.url)
    : new URL(config.url);
  if (url.origin !== new URL(base).origin)
    throw new CannotAsk(`${url.origin}: connection ${name} is for ${new URL(base).origin} only`);
  if (token !== undefined && header !== undefined) headers[header.toLowerCase()] = token;
  else if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
  return { url, headers };
}

async function ask(
  { agent: dispatcher, check }: GuardedAgent,
  { url, headers, method }: Target & Pick<HttpConfig, "method">,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  try {
    check(url);
    const response = await request(url, { dispatcher, method, headers, signal });
    const { bytes, cut } = await readBody(response.body);
    const flat = flatHeaders(response.headers);
    const text = new TextDecoder().decode(bytes);
    const body = cut ? text : parsed(text, flat["content-type"] ?? "");
    return { status: response.statusCode, headers: flat, body, cut };
  } catch (error) {
    if (signal.aborted) throw error;
    const refused = privateAddressIn(error);
    if (refused !== undefined) throw new CannotAsk(refused.message, { cause: error });
    throw new Error(`${url.host}: ${messageOf(error)}`, { cause: error });
  }
}

async function heldOf(
  { expectBody, failWhen }: HttpConfig,
  { status, headers, body }: HttpAnswer,
): Promise<{ fits: Held; fails: Held }> {
  if (expectBody === undefined && failWhen === undefined)
    return { fits: undefined, fails: undefined };
  const { holds } = await import("./conditions.ts");
  const response = { status, headers: { ...headers }, body };
  return { fits: holds(expectBody, { response }), fails: holds(failWhen, { response }) };
}

async function readBody(
  body: AsyncIterable<unknown> & { destroy(): unknown },
): Promise<{ bytes: Buffer; cut: boolean }> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    if (!(chunk instanceof Uint8Array)) continue;
    chunks.push(Buffer.from(chunk));
    length += chunk.length;
    if (length > BODY_BYTES_MAX) break; // leaving the loop ends the body
  }
  const cut = length > BODY_BYTES_MAX;
  return { bytes: Buffer.concat(chunks).subarray(0, BODY_BYTES_MAX), cut };
}

function parsed(text: string, contentType: string): Json {
  if (!/\bjson\b/i.test(contentType)) return text;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text; // it says that it is JSON, and is not
  }
}

function flatHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.toLowerCase(),
      Array.isArray(value) ? value.join(", ") : (value ?? ""),
    ]),
  );
}
