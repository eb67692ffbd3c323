// Google Cloud Storage by its JSON API.
import type { ConnectionOf } from "@chasqui/chassis";
import type { FoundObject } from "../core/kinds/object.ts";
import { CannotAsk } from "../kinds/kind.ts";
import type { Answer, ObjectStore, Send } from "./object-store.ts";

const GOOGLE = "https://storage.googleapis.com";
const PAGE_MAX = 1_000;
const FIELDS = "name,size,updated,etag";

/** An access token for a service account's key, or for whoever this process is. */
export type TokenOf = (credentials: string | undefined) => Promise<string>;

export function gcsObjects(
  { endpoint, credentials }: ConnectionOf<"gcs">,
  bucket: string,
  { send, tokenOf }: { readonly send: Send; readonly tokenOf: TokenOf },
): ObjectStore {
  const base = `${(endpoint ?? GOOGLE).replace(/\/$/, "")}/storage/v1/b/${encodeURIComponent(bucket)}/o`;
  const ask = async (url: URL, signal: AbortSignal): Promise<Answer> => {
    // An emulator has no idea who this process is; without a key it is asked as anybody would.
    const anonymous = endpoint !== undefined && credentials === undefined;
    const headers: Record<string, string> = anonymous
      ? {}
      : { authorization: `Bearer ${await tokenOf(credentials)}` };
    return send({ method: "GET", url, headers }, signal);
  };
  return {
    scheme: "gs",
    async head(key, signal) {
      const url = new URL(`${base}/${encodeURIComponent(key)}`);
      url.searchParams.set("fields", FIELDS);
      const answer = await ask(url, signal);
      if (answer.status === 404 && !isBucketMissing(answer)) return { absent: "is not there" };
      if (answer.status !== 200) throw refusalOf(answer, url);
      return { found: foundIn(JSON.parse(answer.body)) };
    },
    async list(prefix, after, signal) {
      const url = new URL(base);
      const query = {
        prefix,
        maxResults: String(PAGE_MAX),
        fields: `items(${FIELDS}),nextPageToken`,
      };
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
      if (after !== undefined) url.searchParams.set("pageToken", after);
      const answer = await ask(url, signal);
      if (answer.status !== 200) throw refusalOf(answer, url);
      const page = JSON.parse(answer.body) as { items?: unknown[]; nextPageToken?: string };
      return { objects: (page.items ?? []).map(foundIn), next: page.nextPageToken };
    },
  };
}

function foundIn(resource: unknown): FoundObject {
  const { name, size, updated, etag } = resource as {
    name: string;
    size: string;
    updated: string;
    etag: string;
  };
  return { key: name, bytes: Number(size), modifiedMs: Date.parse(updated), etag };
}

function messageIn(body: string): string {
  try {
    const { error } = JSON.parse(body) as { error?: { message?: unknown } };
    return typeof error?.message === "string" ? error.message : "";
  } catch {
    return "";
  }
}

const isBucketMissing = ({ body }: Answer): boolean =>
  /bucket does not exist/i.test(messageIn(body));

function refusalOf({ status, body }: Answer, url: URL): Error {
  const said = messageIn(body);
  const message = `${url.host}${url.pathname} answered ${status}${said === "" ? "" : `: ${said}`}`;
  const isTheirs = status >= 500 || status === 429 || status === 408;
  return isTheirs ? new Error(message) : new CannotAsk(message, { evidence: { status } });
}
