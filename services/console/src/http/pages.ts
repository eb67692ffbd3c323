// The web console's files: read once, kept in memory, compressed when first asked for, told apart by their content.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { HttpError } from "./errors.ts";

interface Page {
  readonly type: string;
  readonly etag: string;
  readonly plain: Buffer;
  gzipped?: Buffer;
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".map": "application/json",
};

/** Addresses that the page itself resolves. */
const APPLICATION_PATHS = [
  "/",
  "/runs",
  "/runs/*",
  "/dags",
  "/dags/*",
  "/triggers",
  "/backfills",
  "/backfills/*",
  "/approvals",
];

export function pageRoutes(app: FastifyInstance, folder: string | undefined): void {
  const pages = folder === undefined ? new Map<string, Page>() : readPages(folder);
  for (const name of pages.keys())
    app.get(`/${name}`, (request, reply) => answer(request, reply, pages.get(name)));
  for (const place of APPLICATION_PATHS)
    app.get(place, (request, reply) => answer(request, reply, pages.get("index.html")));
}

function readPages(folder: string): Map<string, Page> {
  const pages = new Map<string, Page>();
  for (const name of readdirSync(folder)) {
    const type = types[path.extname(name)];
    if (type === undefined) continue;
    const plain = readFileSync(path.join(folder, name));
    const etag = `"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`;
    pages.set(name, { type, etag, plain });
  }
  return pages;
}

function answer(request: FastifyRequest, reply: FastifyReply, page: Page | undefined) {
  if (page === undefined)
    throw new HttpError(
      503,
      "the web console's files are not there",
      "Run the bundled console, or set CHASQUI_WEB_ROOT to the folder web-dist; /api works without.",
    );
  reply.header("etag", page.etag).header("cache-control", "no-cache").type(page.type);
  if (request.headers["if-none-match"] === page.etag) return reply.code(304).send();
  reply.header("vary", "accept-encoding");
  const accepts = String(request.headers["accept-encoding"] ?? "");
  if (!/\bgzip\b/.test(accepts)) return reply.send(page.plain);
  page.gzipped ??= gzipSync(page.plain, { level: 9 });
  return reply.header("content-encoding", "gzip").send(page.gzipped);
}

/** Where the files are: as set, else beside the bundle. */
export function findPages(setting: string, here: string): string | undefined {
  const folders = setting === "" ? [path.join(here, "web-dist")] : [setting];
  return folders.find((folder) => existsSync(path.join(folder, "index.html")));
}
