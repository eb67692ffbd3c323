// The HTTP side of the door: /api in JSON and server-sent events, and the web console's pages.
// Facts that a reader may rely on:
//   W1. Every error is JSON { error, hint }; an error that nobody expected says nothing of its inside.
//   W2. What changes something must be sent as JSON from a page of this very origin, or by a program: another
//       site cannot make somebody's browser do it.
//   W3. Pages load nothing from anywhere else.
import { fastify } from "fastify";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Bus } from "@chasqui/bus";
import type { Logger, Part } from "@chasqui/chassis";
import type { ApiServer } from "../api.ts";
import { FORM, hookRoutes } from "../hooks/routes.ts";
import type { HookOptions } from "../hooks/routes.ts";
import type { TailDeps } from "../logs/tail.ts";
import type { Owners } from "../ports/owners.ts";
import type { TraceExport } from "../ports/trace-export.ts";
import type { TraceStore } from "../ports/trace-store.ts";
import { changesRoute } from "./changes.ts";
import { answerTo, HttpError } from "./errors.ts";
import { pageRoutes } from "./pages.ts";
import { approvalRoutes } from "./routes-approvals.ts";
import { backfillRoutes } from "./routes-backfills.ts";
import { dagRoutes } from "./routes-dags.ts";
import { runRoutes } from "./routes-runs.ts";

export interface HttpOptions {
  readonly host: string;
  readonly port: number;
  readonly owners: Owners;
  readonly bus: Pick<Bus, "subscribePlain">;
  readonly tail: TailDeps;
  readonly traces: TraceStore;
  readonly traceExport: TraceExport;
  readonly log: Logger;
  /** What /api/server answers to who asked under this host name. */
  readonly server: (hostname: string) => ApiServer;
  /** The folder of the web console's files; undefined when it is not there. */
  readonly pages: string | undefined;
  /** Addresses under which people see this console, beside the one they asked. */
  readonly publicUrl: string | undefined;
  readonly hooks: HookOptions;
}

export interface HttpServer extends Part {
  readonly port: number;
}

const BODY_BYTES_MAX = 1024 * 1024;
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export async function startHttp(o: HttpOptions): Promise<HttpServer> {
  const app = fastify({
    bodyLimit: BODY_BYTES_MAX,
    forceCloseConnections: true, // streams stay open for hours; a stop ends them
    routerOptions: { maxParamLength: 400, ignoreTrailingSlash: true },
  });
  app.removeContentTypeParser("text/plain"); // W2: JSON only
  app.setErrorHandler((error, request, reply) => {
    const { status, body } = answerTo(error);
    if (status >= 500)
      o.log.error({ error, method: request.method, url: request.url }, "request failed");
    void reply.code(status).send(body);
  });
  app.setNotFoundHandler((request, reply) => {
    const error = `nothing at ${request.method} ${request.url.split("?", 1)[0]}`;
    void reply.code(404).send({ error, hint: "See docs: HTTP API; pages are at /." });
  });
  app.addHook("onRequest", async (request, reply) => {
    reply.headers({
      "content-security-policy": POLICY,
      "x-content-type-options": "nosniff",
      "referrer-policy": "same-origin",
    });
    if (request.url.startsWith("/api/")) reply.header("cache-control", "no-store");
    if (request.method !== "GET" && request.method !== "HEAD") mustBeOurs(request, o.publicUrl);
  });
  routes(app, o);
  await app.listen({ host: o.host, port: o.port });
  const address = app.server.address();
  const port = typeof address === "object" && address !== null ? address.port : o.port;
  o.log.info({ port }, "HTTP server listens");
  return {
    name: "http",
    port,
    async stop() {
      await app.close();
    },
  };
}

function routes(app: FastifyInstance, o: HttpOptions): void {
  app.get("/api/server", (request) => o.server(request.hostname));
  runRoutes(app, o);
  approvalRoutes(app, o.owners);
  backfillRoutes(app, o.owners);
  dagRoutes(app, o);
  changesRoute(app, o.bus);
  hookRoutes(app, o.hooks);
  pageRoutes(app, o.pages);
}

/** W2: a browser says where a request comes from; a program says nothing. */
function mustBeOurs({ headers, url }: FastifyRequest, publicUrl: string | undefined): void {
  const { origin, host } = headers;
  if (origin !== undefined) {
    const own = URL.canParse(origin) && new URL(origin).host === host;
    const known = publicUrl !== undefined && origin === new URL(publicUrl).origin;
    if (!own && !known)
      throw new HttpError(
        403,
        `a page of ${origin} may not do this`,
        "Use this console's own page.",
      );
  }
  const type = headers["content-type"] ?? "";
  // What is signed is from whom it says, in whatever form.
  if (url.startsWith("/hooks/") && type.toLowerCase().startsWith(FORM)) return;
  if (!type.toLowerCase().startsWith("application/json"))
    throw new HttpError(
      415,
      `content-type is ${JSON.stringify(type)}: want application/json`,
      "Send the body as JSON; {} when there is nothing to say.",
    );
}
