// Slack: the Web API that @slack/web-api talks to at `<url>/api/`, and a viewer at `/`.
//   GET /sandbox/messages?channel=&thread_ts=   GET /sandbox/requests   POST|DELETE /sandbox/faults
import { openDataDir } from "../web/data-dir.ts";
import { createLiveHub } from "../web/live.ts";
import type { LiveHub } from "../web/live.ts";
import { HttpError, readJson, sendHtml, sendJson, serveHttp } from "../web/serve.ts";
import type { HttpCall } from "../web/serve.ts";
import { checkToken, readArguments, SlackError } from "./calls.ts";
import type { SlackArguments } from "./calls.ts";
import { SlackFaults } from "./faults.ts";
import type { SlackFault } from "./faults.ts";
import { chatMethods } from "./methods-chat.ts";
import type { Method } from "./methods-chat.ts";
import { conversationMethods } from "./methods-conversations.ts";
import { createSlackFiles } from "./methods-files.ts";
import type { SlackFiles } from "./methods-files.ts";
import { SlackStore } from "./store.ts";
import type { SlackMessage } from "./store.ts";
import { renderContent, renderViewer } from "./viewer.ts";

const REQUESTS_MAX = 10_000;

export interface SlackOptions {
  readonly port: number;
  /** For messages and files; a temporary folder when left out. */
  readonly dataDir?: string;
}

export interface SlackRequest {
  readonly time: string;
  readonly method: string;
  readonly arguments: SlackArguments;
  /** "ok", Slack's error, or the HTTP status of a scripted fault. */
  readonly outcome: string;
}

export interface SlackStandIn extends AsyncDisposable {
  readonly port: number;
  /** Of the viewer. */
  readonly url: string;
  /** For the client's slackApiUrl. */
  readonly apiUrl: string;
  readonly messages: (channel?: string) => readonly SlackMessage[];
  readonly requests: () => readonly SlackRequest[];
  readonly fault: (body: unknown) => void;
  stop(): Promise<void>;
}

interface World {
  readonly store: SlackStore;
  readonly methods: Record<string, Method>;
  readonly files: SlackFiles;
  readonly faults: SlackFaults;
  readonly live: LiveHub;
  readonly requests: SlackRequest[];
}

export async function startSlack(options: SlackOptions): Promise<SlackStandIn> {
  const started = Promise.withResolvers<World>();
  const request = { port: options.port, what: "Slack", setting: "CHASQUI_SANDBOX_SLACK_PORT" };
  const http = await serveHttp(request, async (call) => answer(await started.promise, call));
  const dataDir = openDataDir(options.dataDir, "slack");
  const live = createLiveHub();
  const url = () => http.url;
  const store = new SlackStore(dataDir.path, ({ channel, ts }) =>
    live.send("changed", { channel, ts }),
  );
  const files = createSlackFiles({ store, dataDir: dataDir.path, url });
  const methods = { ...chatMethods(store, url), ...conversationMethods(store), ...files.methods };
  const world: World = { store, methods, files, faults: new SlackFaults(), live, requests: [] };
  started.resolve(world);
  const stop = async () => {
    await http.stop();
    dataDir.release();
  };
  return {
    port: http.port,
    url: http.url,
    apiUrl: `${http.url}/api/`,
    messages: (channel) => select(world, channel),
    requests: () => [...world.requests],
    fault: (body) => world.faults.add(body),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** By id or by name; all when left out. */
function select({ store }: World, channel?: string): readonly SlackMessage[] {
  const wanted = channel?.replace(/^#/, "");
  return store
    .all()
    .filter((one) => wanted === undefined || [one.channel, one.channel_name].includes(wanted));
}

async function answer(world: World, call: HttpCall): Promise<void> {
  const { path, method } = call;
  if (path.startsWith("/api/")) return answerApi(world, call, path.slice("/api/".length));
  if (path.startsWith("/upload/v1/"))
    return world.files.receive(call, path.slice("/upload/v1/".length));
  if (path.startsWith("/files/")) return world.files.serve(call, path.slice("/files/".length));
  const { response, query, request } = call;
  switch (`${method} ${path}`) {
    case "GET /":
      return sendHtml(response, renderViewer(world.store, query.get("channel")));
    case "GET /sandbox/fragment":
      return sendHtml(response, renderContent(world.store, query.get("channel")).html);
    case "GET /sandbox/live":
      return world.live.join(response);
    case "GET /sandbox/messages": {
      const thread = query.get("thread_ts");
      const messages = select(world, query.get("channel") ?? undefined).filter(
        (one) => thread === null || one.thread_ts === thread,
      );
      return sendJson(response, 200, { messages });
    }
    case "GET /sandbox/requests":
      return sendJson(response, 200, { requests: world.requests });
    case "POST /sandbox/faults":
      world.faults.add(await readJson(request, 10_000));
      return sendJson(response, 200, { ok: true });
    case "DELETE /sandbox/faults":
      world.faults.clear();
      return sendJson(response, 200, { ok: true });
    default:
      throw new HttpError(404, `no ${method} ${path} here`);
  }
}

async function answerApi(world: World, call: HttpCall, name: string): Promise<void> {
  const { response } = call;
  let args: SlackArguments = {};
  const note = (outcome: string) => {
    const { token: _secret, ...shown } = args;
    world.requests.push({
      time: new Date().toISOString(),
      method: name,
      arguments: shown,
      outcome,
    });
    if (world.requests.length > REQUESTS_MAX) world.requests.shift();
  };
  const fault = world.faults.take(name);
  try {
    args = await readArguments(call);
    if (fault !== undefined && !fault.afterWork) return misfortune(call, fault, note);
    checkToken(call, args);
    const work = world.methods[name];
    if (work === undefined) throw new SlackError("unknown_method");
    const result = work(args);
    if (fault !== undefined) return misfortune(call, fault, note);
    note("ok");
    return sendJson(response, 200, { ok: true, ...result });
  } catch (error) {
    if (!(error instanceof SlackError)) throw error;
    note(error.message);
    const { message, details } = error;
    const more =
      details.length === 0 ? {} : { errors: details, response_metadata: { messages: details } };
    return sendJson(response, 200, { ok: false, error: message, ...more });
  }
}

function misfortune(call: HttpCall, fault: SlackFault, note: (outcome: string) => void): void {
  const { response } = call;
  if (fault.drop) {
    note("dropped");
    response.destroy();
    return;
  }
  if (fault.error !== undefined) {
    note(fault.error);
    return sendJson(response, 200, { ok: false, error: fault.error });
  }
  const status = fault.status ?? 503;
  note(String(status));
  if (status !== 429) return sendJson(response, status, { error: "scripted by the sandbox" });
  const headers = { "retry-after": String(fault.retryAfterSeconds) };
  return sendJson(response, 429, { ok: false, error: "ratelimited" }, headers);
}
