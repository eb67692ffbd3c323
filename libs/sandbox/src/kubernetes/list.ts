// GET of a collection: selectors, pages (limit and continue) and the Table form.
// Invariant: the pages of one list are of one snapshot; a page asked for after the snapshot was
// forgotten is 410 Expired, never another snapshot.
import type { KubeObject } from "./objects.ts";
import { keyOf } from "./objects.ts";
import { apiVersionOf } from "./resources.ts";
import type { Resource } from "./resources.ts";
import { parseSelectors } from "./selectors.ts";
import { badRequest, expired } from "./status-error.ts";
import type { ObjectStore } from "./store.ts";
import { tableOf } from "./table.ts";
import { isObject, parseJson } from "../web/json.ts";

export interface ListRequest {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly query: URLSearchParams;
  readonly table: boolean;
}

interface Continuation {
  readonly version: number;
  readonly after: string;
}

export function listObjects(store: ObjectStore, request: ListRequest): unknown {
  const { resource, namespace, query, table } = request;
  const matches = parseSelectors(query, resource);
  const token = query.get("continue") ?? "";
  const from = token === "" ? undefined : parseToken(token);
  const version = from?.version ?? store.version;
  const found =
    from === undefined
      ? store.list(resource, namespace)
      : store.listAt(from.version, resource, namespace);
  if (found === "gone") {
    throw expired(
      "The provided continue parameter is too old to display a consistent list result. " +
        "You can start a new list without the continue parameter.",
    );
  }
  const rest = found.filter((one) => matches(one) && (from === undefined || key(one) > from.after));
  const limit = Number(query.get("limit") ?? 0);
  const items = limit > 0 ? rest.slice(0, limit) : rest;
  const last = items.at(-1);
  const metadata: Record<string, unknown> = { resourceVersion: String(version) };
  if (last !== undefined && items.length < rest.length) {
    metadata["continue"] = toToken({ version, after: key(last) });
    const selected = query.has("labelSelector") || query.has("fieldSelector");
    if (!selected) metadata["remainingItemCount"] = rest.length - items.length;
  }
  if (table) {
    const includeObject = query.get("includeObject") ?? "Metadata";
    return tableOf(resource, items, { includeObject, metadata, definitions: true });
  }
  // Items within a list carry no kind of their own on the wire.
  const bare = items.map(({ kind: _kind, apiVersion: _version, ...item }) => item);
  return {
    kind: `${resource.kind}List`,
    apiVersion: apiVersionOf(resource),
    metadata,
    items: bare,
  };
}

function key(object: KubeObject): string {
  return keyOf(object.metadata.namespace, object.metadata.name);
}

function toToken(continuation: Continuation): string {
  return Buffer.from(JSON.stringify(continuation)).toString("base64url");
}

function parseToken(token: string): Continuation {
  const parsed = parseJson(Buffer.from(token, "base64url").toString("utf8"));
  if (isObject(parsed)) {
    const { version, after } = parsed;
    if (typeof version === "number" && typeof after === "string") return { version, after };
  }
  throw badRequest(`continue key is not valid: ${JSON.stringify(token)}`);
}
