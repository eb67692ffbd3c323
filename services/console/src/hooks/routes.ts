// POST /hooks/<webhook>/<name>: a signed request from outside becomes a trigger, chasqui.trigger.<webhook>.<name>.
// Facts that a reader may rely on:
//   H1. Nothing is published whose signature does not fit; what is wrong with it is told to nobody but the log.
//   H2. 202 means that JetStream has it, now or from an earlier time; anything else may be sent again.
import { triggerMessage } from "@chasqui/contracts";
import type { Bus } from "@chasqui/bus";
import { ConnectionError } from "@chasqui/chassis";
import type { Logger } from "@chasqui/chassis";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { pathText } from "../http/ask.ts";
import { HttpError } from "../http/errors.ts";
import { TOLERANCE_MS, verify } from "./signature.ts";
import type { Signing } from "./signature.ts";
import { answerPress, pressOf, seenOnce } from "./slack-actions.ts";
import type { SlackActionDeps } from "./slack-actions.ts";

export interface HookOptions {
  readonly bus: Pick<Bus, "publish">;
  readonly log: Logger;
  /** Undefined for a webhook that nobody configured. Throws when its secret cannot be had. */
  readonly signingOf: (webhook: string) => Signing | undefined;
  readonly now: () => number;
  /** Answers to questions in Slack. */
  readonly slack: SlackActionDeps;
}

/** How Slack sends presses of buttons. */
export const FORM = "application/x-www-form-urlencoded";
export const HOOK_BYTES_MAX = 256 * 1024;
const NAME = /^[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9_-]{1,64}){0,7}$/;

export function hookRoutes(app: FastifyInstance, o: HookOptions): void {
  const isFirst = seenOnce(2 * TOLERANCE_MS);
  // In a scope of its own: here a body stays the bytes that were signed.
  void app.register((hooks, _, done) => {
    hooks.removeAllContentTypeParsers();
    hooks.addContentTypeParser(
      "application/json",
      { parseAs: "buffer", bodyLimit: HOOK_BYTES_MAX },
      (_request, body, parsed) => parsed(null, body),
    );
    hooks.addContentTypeParser(
      FORM,
      { parseAs: "buffer", bodyLimit: HOOK_BYTES_MAX },
      (_request, body, parsed) => parsed(null, body),
    );
    hooks.post("/hooks/:webhook/:name", async (request, reply) => {
      reply.code(202);
      return receive(request, o, isFirst);
    });
    done();
  });
}

async function receive(
  request: FastifyRequest,
  o: HookOptions,
  isFirst: (id: string, nowMs: number) => boolean,
): Promise<object> {
  const source = pathText(request, "webhook");
  const name = pathText(request, "name");
  const signing = signingOf(source, o);
  const body = bytesOf(request.body);
  const header = (wanted: string): string | undefined => {
    const value = request.headers[wanted.toLowerCase()];
    return typeof value === "string" ? value : value?.[0];
  };
  const verified = verify({ body, header }, signing, o.now());
  if (!verified.ok) {
    o.log.warn({ webhook: source, reason: verified.reason }, "a webhook's request is refused");
    throw new HttpError(401, "the signature does not fit", "See docs: webhooks.");
  }
  if (signing.scheme === "slack") return pressed(body, { id: verified.id, isFirst }, o);
  if (header("content-type")?.toLowerCase().startsWith(FORM) === true)
    throw new HttpError(415, "a form is no event: want JSON", "Send the body as application/json.");
  if (!NAME.test(name))
    throw new HttpError(
      404,
      `${JSON.stringify(name.slice(0, 80))}: want letters, digits, "_" and "-", in parts with "."`,
      "The last part of the address says what happened: /hooks/depot/gate.opened.",
    );
  const { id } = verified;
  const traceparent = header("traceparent");
  const {
    subject,
    headers,
    body: data,
  } = triggerMessage({
    source,
    name,
    id,
    data: objectOf(body),
    ...(traceparent === undefined ? {} : { traceparent }),
  });
  const { "Nats-Msg-Id": messageId, ...others } = headers;
  const [outcome] = await o.bus.publish([{ subject, data, id: messageId, headers: others }]);
  if (outcome !== "stored" && outcome !== "duplicate")
    throw new HttpError(503, "the trigger was not stored", "Send it again: the same is once.");
  return { source, id, subject, duplicate: outcome === "duplicate" };
}

async function pressed(
  body: Uint8Array,
  {
    id,
    isFirst,
  }: { readonly id: string; readonly isFirst: (id: string, nowMs: number) => boolean },
  o: HookOptions,
): Promise<object> {
  if (!isFirst(id, o.now())) throw new HttpError(409, "this request came before", "Press again.");
  const press = pressOf(body);
  if (press !== undefined) await answerPress(press, o.slack);
  return {};
}

function signingOf(webhook: string, { signingOf: find, log }: HookOptions): Signing {
  try {
    const signing = find(webhook);
    if (signing !== undefined) return signing;
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    log.error({ error, webhook }, "a webhook has no secret");
    throw new HttpError(503, `webhook ${webhook} is not ready`, "Its secret is missing here.");
  }
  throw new HttpError(
    404,
    `no webhook ${JSON.stringify(webhook.slice(0, 80))}`,
    "A webhook is a connection of type webhook in environments/<environment>.yaml.",
  );
}

const bytesOf = (body: unknown): Uint8Array =>
  body instanceof Uint8Array ? body : new Uint8Array();

type JsonObject = NonNullable<Parameters<typeof triggerMessage>[0]["data"]>;

function objectOf(body: Uint8Array): JsonObject {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return { ...value } as JsonObject; // it came out of JSON.parse
  } catch {
    // said below
  }
  throw new HttpError(400, "the body is not a JSON object", "Send a JSON object in UTF-8.");
}
