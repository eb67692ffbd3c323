// The HTTP side of the stand-ins, on node:http: small, and enough.
// Invariants:
//   W1. A page in somebody's browser cannot drive a stand-in: a foreign Host (DNS rebinding) and a
//       foreign Origin (a form on another site) are refused. One of them runs commands.
//   W2. Bodies are bounded. W3. stop() may be called twice and ends open streams.
import { createServer } from "node:http";
import type { IncomingMessage, OutgoingHttpHeaders, Server, ServerResponse } from "node:http";
import { listenLocal, LOCAL_HOST } from "./listen.ts";
import type { PortRequest } from "./listen.ts";

export interface HttpCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
}

export interface LocalHttp {
  readonly port: number;
  readonly url: string;
  readonly server: Server;
  stop(): Promise<void>;
}

export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export async function serveHttp(
  request: PortRequest,
  handle: (call: HttpCall) => Promise<void> | void,
): Promise<LocalHttp> {
  const server = createServer({ keepAliveTimeout: 30_000 }, (req, response) => {
    void answer(req, response, handle);
  });
  const port = await listenLocal(server, request);
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
    return stopped;
  };
  return { port, url: `http://${LOCAL_HOST}:${port}`, server, stop };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  handle: (call: HttpCall) => Promise<void> | void,
): Promise<void> {
  response.on("error", () => {}); // the reader left: nothing to tell it
  try {
    refuseForeign(request);
    const url = new URL(request.url ?? "/", "http://stand-in");
    const method = request.method ?? "GET";
    await handle({ request, response, method, path: url.pathname, query: url.searchParams });
  } catch (error) {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const status = error instanceof HttpError ? error.status : 500;
    const message = error instanceof Error ? error.message : String(error);
    sendJson(response, status, { error: message });
  }
}

const LOCAL_NAME = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/;

function refuseForeign(request: IncomingMessage): void {
  const host = request.headers.host ?? "";
  if (!LOCAL_NAME.test(host)) {
    throw new HttpError(403, `host ${JSON.stringify(host)}: want 127.0.0.1 or localhost`);
  }
  const origin = request.headers.origin;
  if (origin !== undefined && !LOCAL_NAME.test(origin.replace(/^https?:\/\//, ""))) {
    throw new HttpError(403, `origin ${JSON.stringify(origin)}: pages of other sites are refused`);
  }
}

/** Reads a request's body, at most bytesMax of it. */
export async function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request) {
    const chunk = Buffer.from(part);
    bytes += chunk.length;
    if (bytes > bytesMax) throw new HttpError(413, `body above ${bytesMax} bytes`);
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}

export async function readJson(request: IncomingMessage, bytesMax: number): Promise<unknown> {
  const text = (await readBody(request, bytesMax)).toString("utf8");
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new HttpError(400, `body is not JSON: ${String(error)}`);
  }
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: OutgoingHttpHeaders = {},
): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}

export function sendHtml(response: ServerResponse, html: string, status = 200): void {
  response.writeHead(status, {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    // What is shown was written by others: it may style itself, never load or run anything.
    "content-security-policy":
      "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; " +
      "connect-src 'self'; img-src 'self' data:; frame-src 'self'; base-uri 'none'; form-action 'none'",
    "x-content-type-options": "nosniff",
  });
  response.end(html);
}
