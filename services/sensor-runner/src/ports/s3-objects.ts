// Buckets that speak S3: Amazon's own, MinIO, Ceph, R2 and others. Requests are signed by aws4fetch.
// Invariant: the key's secret signs requests to the connection's endpoint only.
import type { ConnectionOf } from "@chasqui/chassis";
import { AwsV4Signer } from "aws4fetch";
import type { FoundObject } from "../core/kinds/object.ts";
import { CannotAsk } from "../kinds/kind.ts";
import type { Answer, Looked, ObjectStore, Send } from "./object-store.ts";

const PAGE_MAX = 1_000;

export function s3Objects(connection: ConnectionOf<"s3">, bucket: string, send: Send): ObjectStore {
  const base = baseOf(connection, bucket);
  const ask = async (method: "GET" | "HEAD", url: URL, signal: AbortSignal): Promise<Answer> => {
    const headers = await signedHeaders(connection, method, url);
    return send({ method, url, headers }, signal);
  };
  return {
    scheme: "s3",
    async head(key, signal) {
      const url = new URL(base + key.split("/").map(encodeURIComponent).join("/"));
      const answer = await ask("HEAD", url, signal);
      if (answer.status !== 200) return absence(await ask("GET", url, signal), url);
      const header = (name: string): string => String(answer.headers[name] ?? "");
      const found = {
        key,
        bytes: Number(header("content-length")),
        modifiedMs: Date.parse(header("last-modified")),
        etag: header("etag").replaceAll('"', ""),
      };
      return { found };
    },
    async list(prefix, after, signal) {
      const url = new URL(base);
      const query = {
        "list-type": "2",
        "encoding-type": "url",
        "max-keys": String(PAGE_MAX),
        prefix,
      };
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
      if (after !== undefined) url.searchParams.set("continuation-token", after);
      const answer = await ask("GET", url, signal);
      if (answer.status !== 200) throw refusalOf(answer, url);
      const next = elementIn(answer.body, "NextContinuationToken");
      return { objects: [...objectsIn(answer.body)], next: next === "" ? undefined : next };
    },
  };
}

/** The bucket in the host's name, as Amazon wants it, or in the path. Ends with a slash. */
function baseOf(
  { endpoint, region, path_style: pathStyle }: ConnectionOf<"s3">,
  bucket: string,
): string {
  const url = new URL(endpoint ?? `https://s3.${region}.amazonaws.com`);
  // A dot in the bucket's name would not fit the certificate.
  if (pathStyle === true || bucket.includes("."))
    return `${url.href.replace(/\/$/, "")}/${bucket}/`;
  url.hostname = `${bucket}.${url.hostname}`;
  return url.href.endsWith("/") ? url.href : `${url.href}/`;
}

/** Without a key the bucket is asked as anybody would. */
export async function signedHeaders(
  connection: ConnectionOf<"s3">,
  method: string,
  url: URL,
): Promise<Record<string, string>> {
  const { access_key_id: accessKeyId, secret_access_key: secretAccessKey } = connection;
  if (accessKeyId === undefined && secretAccessKey === undefined) return {};
  if (accessKeyId === undefined || secretAccessKey === undefined)
    throw new CannotAsk("an s3 connection: want access_key_id and secret_access_key, or neither");
  const { session_token: sessionToken, region } = connection;
  const signer = new AwsV4Signer({
    method,
    url: url.href,
    accessKeyId,
    secretAccessKey,
    ...(sessionToken === undefined ? {} : { sessionToken }),
    service: "s3",
    region,
  });
  const { headers } = await signer.sign();
  return Object.fromEntries([...headers].filter(([name]) => name !== "host"));
}

function* objectsIn(xml: string): Generator<FoundObject> {
  for (const [, contents = ""] of xml.matchAll(/<Contents>(.*?)<\/Contents>/gs))
    yield {
      key: decodeURIComponent(elementIn(contents, "Key").replaceAll("+", " ")),
      bytes: Number(elementIn(contents, "Size")),
      modifiedMs: Date.parse(elementIn(contents, "LastModified")),
      etag: elementIn(contents, "ETag").replaceAll(/&quot;|"/g, ""),
    };
}

const elementIn = (xml: string, name: string): string =>
  new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? "";

/** A HEAD has no body to say why: a GET has. */
function absence(answer: Answer, url: URL): Looked {
  const code = elementIn(answer.body, "Code");
  if (code === "NoSuchKey") return { absent: "is not there" };
  // Who may read objects but not list them is told this instead.
  if (answer.status === 403 && code === "AccessDenied")
    return { absent: "is not there, or may not be seen with this key (AccessDenied)" };
  if (answer.status < 300) return { absent: "was not there a moment ago" };
  throw refusalOf(answer, url);
}

/** Who may not look now will not later: only what is busy or ill is asked again. */
function refusalOf({ status, body }: Answer, url: URL): Error {
  const code = elementIn(body, "Code");
  const said = [code, elementIn(body, "Message")].filter((text) => text !== "").join(": ");
  const message = `${url.host}${url.pathname} answered ${status}${said === "" ? "" : `: ${said}`}`;
  const isTheirs =
    status >= 500 || status === 429 || /^(SlowDown|RequestTimeTooSkewed)$/.test(code);
  return isTheirs ? new Error(message) : new CannotAsk(message, { evidence: { status, code } });
}
