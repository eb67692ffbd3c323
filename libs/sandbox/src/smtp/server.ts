// A mail catcher: SMTP in, HTTP out. Nothing is ever sent on.
//   GET /                                 the viewer
//   GET /api/mails?messageId=&to=&run=&full=1  GET /api/mails/:id   …/html   …/source
//   GET /api/mails/:id/attachments/:n     DELETE /api/mails
//   POST|DELETE /sandbox/faults           see faults.ts
import { join } from "node:path";
import { openDataDir } from "../web/data-dir.ts";
import { createLiveHub } from "../web/live.ts";
import type { LiveHub } from "../web/live.ts";
import { LOCAL_HOST } from "../web/listen.ts";
import { HttpError, readJson, sendHtml, sendJson, serveHttp } from "../web/serve.ts";
import type { HttpCall } from "../web/serve.ts";
import { MailFaults } from "./faults.ts";
import { startListener } from "./listener.ts";
import type { SmtpListener } from "./listener.ts";
import { readAttachment } from "./mail.ts";
import type { CaughtMail, MailSummary } from "./mail.ts";
import { MailStore } from "./store.ts";
import { renderList, renderMailPage, TABS } from "./viewer.ts";

export interface SmtpOptions {
  /** Of SMTP. */
  readonly port: number;
  /** Of the viewer and the API. */
  readonly httpPort: number;
  /** For the mails; a temporary folder when left out. */
  readonly dataDir?: string;
}

export interface SmtpStandIn extends AsyncDisposable {
  readonly port: number;
  /** `smtp://127.0.0.1:port` */
  readonly smtpUrl: string;
  /** Of the viewer and the API. */
  readonly url: string;
  readonly mails: () => readonly MailSummary[];
  readonly mail: (id: string) => CaughtMail | undefined;
  readonly byMessageId: (messageId: string) => readonly MailSummary[];
  readonly fault: (body: unknown) => Promise<void>;
  stop(): Promise<void>;
}

interface World {
  readonly store: MailStore;
  readonly faults: MailFaults;
  readonly live: LiveHub;
  readonly listener: SmtpListener;
}

export async function startSmtp(options: SmtpOptions): Promise<SmtpStandIn> {
  const started = Promise.withResolvers<World>();
  const setting = "CHASQUI_SANDBOX_MAIL_PORT";
  const http = await serveHttp(
    { port: options.httpPort, what: "the mail viewer", setting },
    async (call) => answer(await started.promise, call),
  );
  const dataDir = openDataDir(options.dataDir, "smtp");
  const live = createLiveHub();
  const store = new MailStore(join(dataDir.path, "mails"), (id) => live.send("changed", { id }));
  const faults = new MailFaults();
  const request = { port: options.port, what: "SMTP", setting: "CHASQUI_SANDBOX_SMTP_PORT" };
  const listener = await startListener(request, { store, faults }).catch(async (error: unknown) => {
    await http.stop();
    dataDir.release();
    throw error;
  });
  const world: World = { store, faults, live, listener };
  started.resolve(world);
  const stop = async () => {
    await Promise.all([listener.shut(), http.stop()]);
    dataDir.release();
  };
  return {
    port: listener.port,
    smtpUrl: `smtp://${LOCAL_HOST}:${listener.port}`,
    url: http.url,
    mails: () => store.list(),
    mail: (id) => store.get(id),
    byMessageId: (messageId) => byMessageId(store, messageId),
    fault: (body) => script(world, body),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function script({ faults, listener }: World, body: unknown): Promise<void> {
  const mode = faults.set(body);
  if (mode === "down") await listener.shut();
  else await listener.open();
}

/** With or without the angle brackets. */
function byMessageId(store: MailStore, messageId: string): readonly MailSummary[] {
  const bare = (id: string) => id.replace(/^<|>$/g, "");
  return store.list().filter((mail) => bare(mail.messageId) === bare(messageId));
}

async function answer(world: World, call: HttpCall): Promise<void> {
  const { store, live } = world;
  const { method, path, query, request, response } = call;
  switch (`${method} ${path}`) {
    case "GET /": {
      const id = query.get("id") ?? store.list().at(-1)?.id ?? "";
      const mail = store.get(id);
      const source = store.source(id)?.toString("utf8") ?? "";
      const tab = TABS.find((one) => one === query.get("tab"));
      const shown = mail === undefined ? undefined : { mail, source };
      return sendHtml(response, renderMailPage(store.list(), shown, tab));
    }
    case "GET /sandbox/fragment":
      return sendHtml(response, renderList(store.list(), query.get("id") ?? undefined).html);
    case "GET /sandbox/live":
      return live.join(response);
    case "GET /api/mails":
      return sendJson(response, 200, { mails: search(store, query) });
    case "DELETE /api/mails":
      store.clear();
      return sendJson(response, 200, { ok: true });
    case "POST /sandbox/faults":
      await script(world, await readJson(request, 10_000));
      return sendJson(response, 200, { ok: true });
    case "DELETE /sandbox/faults":
      await script(world, { mode: "up" });
      return sendJson(response, 200, { ok: true });
    default:
      return answerMail(store, call);
  }
}

function search(store: MailStore, query: URLSearchParams): readonly unknown[] {
  const messageId = query.get("messageId");
  const to = query.get("to")?.toLowerCase();
  const run = query.get("run");
  const found = messageId === null ? store.list() : byMessageId(store, messageId);
  const mails = found.filter(
    ({ envelope, headers }) =>
      (to === undefined || envelope.to.some((one) => one.toLowerCase() === to)) &&
      (run === null || headers["x-chasqui-run"] === run),
  );
  return query.get("full") === "1" ? mails.map(({ id }) => store.get(id)) : mails;
}

async function answerMail(store: MailStore, call: HttpCall): Promise<void> {
  const { method, path, response } = call;
  const match = /^\/api\/mails\/(\d{8})(?:\/(html|source|attachments\/(\d+)))?$/.exec(path);
  const [, id = "", part, index] = match ?? [];
  const mail = store.get(id);
  if (method !== "GET" || mail === undefined) throw new HttpError(404, `no ${method} ${path} here`);
  if (part === undefined) return sendJson(response, 200, mail);
  if (part === "html") {
    response.writeHead(200, {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy":
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-popups allow-popups-to-escape-sandbox",
      "x-content-type-options": "nosniff",
    });
    response.end(`<base target="_blank">${mail.html}`);
    return;
  }
  const source = store.source(id) ?? Buffer.alloc(0);
  if (part === "source") {
    response.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
    response.end(source);
    return;
  }
  const attachment = await readAttachment(source, Number(index));
  if (attachment === undefined) throw new HttpError(404, `mail ${id} has no attachment ${index}`);
  response.writeHead(200, {
    "content-type": attachment.contentType,
    "content-disposition": `attachment; filename*=UTF-8''${encodeURIComponent(attachment.filename)}`,
    "x-content-type-options": "nosniff",
  });
  response.end(attachment.content);
}
