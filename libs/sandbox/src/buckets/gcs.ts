// The part of Cloud Storage's JSON API that sensors and people need: an object's metadata and content, a list by
// prefix, a simple upload; and the token that a service account's key buys.
import { parseJson, textAt } from "../web/json.ts";
import { readBody, sendJson } from "../web/serve.ts";
import type { HttpCall } from "../web/serve.ts";
import { OBJECT_BYTES_MAX } from "./s3.ts";
import type { BucketStore, StoredObject } from "./store.ts";

export const ACCESS_TOKEN = "sandbox-access-token";
const RESULTS_MAX = 1_000;
const PATH = /^\/(upload\/)?storage\/v1\/b\/([^/]+)\/o(?:\/(.+))?$/;

export const isGcs = (path: string): boolean => PATH.test(path) || path === "/token";

export async function answerGcs(store: BucketStore, call: HttpCall): Promise<void> {
  const { path, method, query, request, response } = call;
  if (path === "/token") return giveToken(call);
  const { authorization } = request.headers;
  // Emulators take requests without credentials; those with bad ones are refused, as Google does.
  if (authorization !== undefined && authorization !== `Bearer ${ACCESS_TOKEN}`)
    return refuse(call, 401, "Invalid Credentials");
  const [, upload, bucket = "", name = ""] = PATH.exec(path) ?? [];
  if (upload !== undefined) {
    if (method !== "POST") return refuse(call, 405, `${method}: want POST`);
    const body = await readBody(request, OBJECT_BYTES_MAX);
    const key = query.get("name") ?? "";
    const contentType = request.headers["content-type"];
    return sendJson(response, 200, resource(store.put({ bucket, key, body, contentType })));
  }
  if (!store.has(bucket)) return refuse(call, 404, "The specified bucket does not exist.");
  const key = decodeURIComponent(name);
  if (key === "") return list(store, call, bucket);
  const object = store.get(bucket, key);
  if (object === undefined) return refuse(call, 404, `No such object: ${bucket}/${key}`);
  if (method === "DELETE") {
    store.delete(bucket, key);
    response.writeHead(204).end();
    return;
  }
  if (query.get("alt") !== "media") return sendJson(response, 200, resource(object));
  response.writeHead(200, { "content-type": object.contentType });
  response.end(object.body);
}

function list(store: BucketStore, { query, response }: HttpCall, bucket: string): void {
  const prefix = query.get("prefix") ?? "";
  const max = Math.min(Number(query.get("maxResults") ?? RESULTS_MAX), RESULTS_MAX);
  const after = Buffer.from(query.get("pageToken") ?? "", "base64url").toString();
  const { objects, more } = store.list(bucket, { prefix, after, max });
  const last = objects.at(-1);
  const next =
    more && last !== undefined
      ? { nextPageToken: Buffer.from(last.key).toString("base64url") }
      : {};
  const items = objects.length === 0 ? {} : { items: objects.map(resource) };
  sendJson(response, 200, { kind: "storage#objects", ...next, ...items });
}

function resource(object: StoredObject) {
  const { bucket, key, body, contentType, md5, generation, modifiedMs } = object;
  const time = new Date(modifiedMs).toISOString();
  return {
    kind: "storage#object",
    id: `${bucket}/${key}/${generation}`,
    name: key,
    bucket,
    generation: String(generation),
    contentType,
    size: String(body.length),
    md5Hash: Buffer.from(md5, "hex").toString("base64"),
    etag: Buffer.from(String(generation)).toString("base64"),
    timeCreated: time,
    updated: time,
  };
}

/** As oauth2.googleapis.com/token: a signed assertion in, an access token out. Its signature is not checked. */
async function giveToken(call: HttpCall): Promise<void> {
  const form = new URLSearchParams((await readBody(call.request, 20_000)).toString());
  const [, claims = ""] = (form.get("assertion") ?? "").split(".");
  const issuer = textAt(parseJson(Buffer.from(claims, "base64url").toString()), "iss");
  if (!(form.get("grant_type") ?? "").endsWith("jwt-bearer") || issuer === undefined)
    return sendJson(call.response, 400, { error: "invalid_grant" });
  const token = { access_token: ACCESS_TOKEN, token_type: "Bearer", expires_in: 3_600 };
  sendJson(call.response, 200, token);
}

function refuse({ response }: HttpCall, code: number, message: string): void {
  sendJson(response, code, { error: { code, message, errors: [{ message }] } });
}
