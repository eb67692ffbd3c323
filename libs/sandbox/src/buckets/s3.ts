// The part of S3 that sensors and people need: put, get, head and delete an object, list by prefix, list
// buckets. Path style.
import { readBody } from "../web/serve.ts";
import type { HttpCall } from "../web/serve.ts";
import { checkSignature } from "./signature.ts";
import type { BucketStore, StoredObject } from "./store.ts";

export const OBJECT_BYTES_MAX = 16 * 1024 * 1024;
const KEYS_MAX = 1_000;

export async function answerS3(store: BucketStore, call: HttpCall): Promise<void> {
  const [bucket = "", ...rest] = call.path.slice(1).split("/");
  const key = decodeURIComponent(rest.join("/"));
  const signature = checkSignature(call.request, { nowMs: Date.now() });
  if (signature === "unsigned" && !bucket.startsWith("public-"))
    return refuse(call, 403, "AccessDenied", "Access Denied");
  if (typeof signature === "object") return refuse(call, 403, signature.code, signature.message);
  if (bucket === "" && call.method === "GET") return listBuckets(store, call);
  if (call.method === "PUT") return put(store, call, bucket, key);
  if (!store.has(bucket))
    return refuse(call, 404, "NoSuchBucket", "The specified bucket does not exist");
  if (key === "" && call.method === "GET") return list(store, call, bucket);
  const object = store.get(bucket, key);
  if (call.method === "DELETE") {
    store.delete(bucket, key);
    call.response.writeHead(204).end();
    return;
  }
  if (object === undefined)
    return refuse(call, 404, "NoSuchKey", "The specified key does not exist.");
  if (call.method !== "GET" && call.method !== "HEAD")
    return refuse(call, 405, "MethodNotAllowed", `${call.method} is not for objects`);
  call.response.writeHead(200, headersOf(object));
  call.response.end(call.method === "GET" ? object.body : undefined);
}

async function put(store: BucketStore, call: HttpCall, bucket: string, key: string): Promise<void> {
  const body = await readBody(call.request, OBJECT_BYTES_MAX);
  if (key === "") store.createBucket(bucket);
  const contentType = call.request.headers["content-type"];
  const object = key === "" ? undefined : store.put({ bucket, key, body, contentType });
  const etag = object === undefined ? {} : { etag: `"${object.md5}"` };
  call.response.writeHead(200, { "content-length": 0, ...etag }).end();
}

const headersOf = (object: StoredObject) => ({
  "content-length": object.body.length,
  "content-type": object.contentType,
  etag: `"${object.md5}"`,
  "last-modified": new Date(object.modifiedMs).toUTCString(),
});

function list(store: BucketStore, { query, response }: HttpCall, bucket: string): void {
  const prefix = query.get("prefix") ?? "";
  const max = Math.min(Number(query.get("max-keys") ?? KEYS_MAX), KEYS_MAX);
  const token = query.get("continuation-token");
  const after = token === null ? (query.get("start-after") ?? "") : fromToken(token);
  const { objects, more } = store.list(bucket, { prefix, after, max });
  const name = query.get("encoding-type") === "url" ? urlEncoded : escaped;
  const last = objects.at(-1);
  const next =
    more && last !== undefined
      ? `<NextContinuationToken>${toToken(last.key)}</NextContinuationToken>`
      : "";
  const contents = objects.map(
    (object) =>
      `<Contents><Key>${name(object.key)}</Key>` +
      `<LastModified>${new Date(object.modifiedMs).toISOString()}</LastModified>` +
      `<ETag>&quot;${object.md5}&quot;</ETag><Size>${object.body.length}</Size>` +
      "<StorageClass>STANDARD</StorageClass></Contents>",
  );
  sendXml(
    response,
    200,
    '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">' +
      `<Name>${bucket}</Name><Prefix>${name(prefix)}</Prefix><KeyCount>${objects.length}</KeyCount>` +
      `<MaxKeys>${max}</MaxKeys><IsTruncated>${more}</IsTruncated>${next}` +
      `${contents.join("")}</ListBucketResult>`,
  );
}

function listBuckets(store: BucketStore, { response }: HttpCall): void {
  const buckets = store.buckets().map((name) => `<Bucket><Name>${name}</Name></Bucket>`);
  sendXml(
    response,
    200,
    '<ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">' +
      `<Buckets>${buckets.join("")}</Buckets></ListAllMyBucketsResult>`,
  );
}

/** As Amazon does it: a space is a plus. */
const urlEncoded = (text: string): string => encodeURIComponent(text).replaceAll("%20", "+");

const toToken = (key: string): string => Buffer.from(key).toString("base64url");
const fromToken = (token: string): string => Buffer.from(token, "base64url").toString();

function refuse(
  { method, response }: HttpCall,
  status: number,
  code: string,
  message: string,
): void {
  if (method === "HEAD") {
    response.writeHead(status).end(); // a HEAD has no body to say it in
    return;
  }
  const text = `<Error><Code>${code}</Code><Message>${escaped(message)}</Message></Error>`;
  sendXml(response, status, text);
}

function sendXml(response: HttpCall["response"], status: number, xml: string): void {
  response.writeHead(status, { "content-type": "application/xml" });
  response.end(`<?xml version="1.0" encoding="UTF-8"?>\n${xml}`);
}

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
