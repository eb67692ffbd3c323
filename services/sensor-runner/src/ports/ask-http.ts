// Looks at an HTTP endpoint once.
// Invariants:
//   H1. Every look ends: ASK_MS for the whole of it.
//   H2. At most BODY_BYTES_MAX of a body are read. Redirects are answers, not followed: they may lead anywhere.
//   H3. A connection's secret goes to its own base address only.
import { isIP } from "node:net";
import { Agent, request } from "undici";
import { cleanJson, cleanText } from "../core/clean.ts";
import type { Answer, Json, SensorConfig } from "../core/wait.ts";
import { PrivateAddress, judgingLookup, refused } from "./addresses.ts";
import type { AddressPolicy } from "./addresses.ts";

const ASK_MS = 15_000;
export const BODY_BYTES_MAX = 60_000;

/** Values of a connection of type `http`: base_url, token, header. */
export type Connection = Readonly<Record<string, string | number | boolean>>;

export interface AskHttp {
  ask(config: SensorConfig, signal: AbortSignal): Promise<Answer>;
  close(): Promise<void>;
}

export function askHttp(options: {
  readonly policy: AddressPolicy;
  /** Throws when there is none of this name. */
  connection(name: string): Connection;
}): AskHttp {
  const { policy } = options;
  const agent = new Agent({
    connect: { lookup: judgingLookup(policy), timeout: ASK_MS },
    connections: 4,
    pipelining: 1,
  });
  return {
    async ask(config, signal) {
      let target: Target;
      try {
        target = targetOf(config, config.connection, options.connection);
        const { hostname } = target.url;
        const literal = hostname.replace(/^\[|\]$/g, "");
        if (isIP(literal) !== 0 && !policy.allows(literal)) throw refused(literal, literal);
      } catch (error) {
        return { kind: "refused", message: messageOf(error) };
      }
      try {
        return await look(agent, target, config.method, signal);
      } catch (error) {
        if (signal.aborted) throw error;
        const kind = privateAddressIn(error) ? "refused" : "silence";
        return { kind, message: cleanText(`${target.url.host}: ${messageOf(error)}`) };
      }
    },
    close: () => agent.destroy(),
  };
}

interface Target {
  readonly url: URL;
  readonly headers: Record<string, string>;
}

function targetOf(
  config: SensorConfig,
  name: string | undefined,
  connection: (name: string) => Connection,
): Target {
  const headers: Record<string, string> = { "user-agent": "chasqui-sensor" };
  for (const [key, value] of Object.entries(config.headers)) headers[key.toLowerCase()] = value;
  if (name === undefined) return { url: new URL(config.url), headers };
  const values = connection(name);
  if (values["type"] !== "http")
    throw new Error(`connection ${name} is of type ${String(values["type"])}: want http`);
  const base = String(values["base_url"] ?? "");
  if (!URL.canParse(base))
    throw new Error(`connection ${name}: base_url ${JSON.stringify(base)}: want an address`);
  const url = config.url.startsWith("/")
    ? new URL(base.replace(/\/$/, "") + config.url)
    : new URL(config.url);
  if (url.origin !== new URL(base).origin)
    throw new Error(`${url.origin}: connection ${name} is for ${new URL(base).origin} only`);
  const { token, header } = values;
  if (token !== undefined && header !== undefined)
    headers[String(header).toLowerCase()] = String(token);
  else if (token !== undefined) headers["authorization"] = `Bearer ${String(token)}`;
  return { url, headers };
}

async function look(
  dispatcher: Agent,
  { url, headers }: Target,
  method: SensorConfig["method"],
  signal: AbortSignal,
): Promise<Answer> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(ASK_MS)]);
  const response = await request(url, { dispatcher, method, headers, signal: within });
  const { bytes, cut } = await readBody(response.body);
  const flat = flatHeaders(response.headers);
  const text = new TextDecoder().decode(bytes);
  return {
    kind: "response",
    status: response.statusCode,
    headers: flat,
    body: cut ? cleanText(text) : cleanJson(parsed(text, flat["content-type"] ?? "")),
    cut,
  };
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

function privateAddressIn(thrown: unknown): boolean {
  for (let error = thrown, depth = 0; error instanceof Error && depth < 5; depth++) {
    if (error instanceof PrivateAddress) return true;
    if (error instanceof AggregateError) return error.errors.some(privateAddressIn);
    error = error.cause;
  }
  return false;
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return messageOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  const text = error.message === "" ? error.name : error.message;
  return cause instanceof Error && cause.message !== "" ? `${text}: ${cause.message}` : text;
}
