// GET without a connection that is kept: `fetch` keeps one open for seconds, and so the whole program.
import { once } from "node:events";
import { get as getHttp } from "node:http";
import { get as getHttps } from "node:https";
import { text } from "node:stream/consumers";

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

export async function httpGet(url: URL, signal: AbortSignal): Promise<HttpAnswer> {
  const get = url.protocol === "https:" ? getHttps : getHttp;
  const request = get(url, { agent: false, signal, headers: { accept: "application/json" } });
  const [response] = await once(request, "response");
  return { status: response.statusCode ?? 0, body: await text(response) };
}
