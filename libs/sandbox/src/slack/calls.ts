// A call of the Web API: its arguments as Slack reads them, and the two ways it is answered.
import { isObject, parseJson } from "../web/json.ts";
import type { JsonObject } from "../web/json.ts";
import { readBody } from "../web/serve.ts";
import type { HttpCall } from "../web/serve.ts";

const BODY_BYTES_MAX = 1_000_000;

export type SlackArguments = Readonly<JsonObject>;

/** `{ok: false, error}`: Slack's own word for what is wrong. */
export class SlackError extends Error {
  override readonly name = "SlackError";
  readonly details: readonly string[];
  constructor(error: string, details: readonly string[] = []) {
    super(error);
    this.details = details;
  }
}

/** From the query, a form (where structures are JSON text), or a JSON body. */
export async function readArguments(call: HttpCall): Promise<SlackArguments> {
  const args: JsonObject = fromForm(call.query);
  const contentType = call.request.headers["content-type"] ?? "";
  const text = (await readBody(call.request, BODY_BYTES_MAX)).toString("utf8");
  if (contentType.startsWith("application/json")) {
    const body = parseJson(text);
    if (!isObject(body)) throw new SlackError("invalid_json");
    Object.assign(args, body);
  } else if (text !== "") {
    if (!contentType.startsWith("application/x-www-form-urlencoded")) {
      throw new SlackError("invalid_post_type");
    }
    Object.assign(args, fromForm(new URLSearchParams(text)));
  }
  return args;
}

function fromForm(form: URLSearchParams): JsonObject {
  const args: JsonObject = {};
  for (const [key, value] of form) {
    args[key] = /^\s*[[{]/.test(value) && key !== "text" ? (parseJson(value) ?? value) : value;
  }
  return args;
}

/** A bot's token; anything else is not let in. */
export function checkToken(call: HttpCall, args: SlackArguments): void {
  const header = /^Bearer (.+)$/.exec(call.request.headers.authorization ?? "")?.[1];
  const token = header ?? args["token"];
  if (token === undefined || token === "") throw new SlackError("not_authed");
  if (typeof token !== "string" || !/^xox[a-z]-/.test(token) || token.includes("invalid")) {
    throw new SlackError("invalid_auth");
  }
}
