// A request without a connection that is kept: `fetch` keeps one open for seconds, and so the whole program.
import { once } from "node:events";
import { request as askHttp } from "node:http";
import { request as askHttps } from "node:https";
import { text } from "node:stream/consumers";

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/** GET, or POST of `json`. */
export async function httpAsk(
  url: URL,
  { signal, json }: { readonly signal: AbortSignal; readonly json?: string },
): Promise<HttpAnswer> {
  const ask = url.protocol === "https:" ? askHttps : askHttp;
  const headers = {
    accept: "application/json",
    ...(json === undefined ? {} : { "content-type": "application/json" }),
  };
  const method = json === undefined ? "GET" : "POST";
  const request = ask(url, { agent: false, signal, method, headers });
  request.end(json);
  const [response] = await once(request, "response");
  return { status: response.statusCode ?? 0, body: await text(response) };
}
