// GET …?watch=1: a stream of JSON lines.
// Invariants:
//   T1. From a resourceVersion, every later change is told, in order, once; if the history no
//       longer reaches that far, one ERROR with code 410 and the end.
//   T2. With a selector, what enters the view is ADDED and what leaves it DELETED.
//   T3. A client that does not read is cut off, as the real server does, instead of being buffered.
import type { ServerResponse } from "node:http";
import type { KubeObject } from "./objects.ts";
import { apiVersionOf } from "./resources.ts";
import type { Reply } from "./reply.ts";
import type { Resource } from "./resources.ts";
import type { Matcher } from "./selectors.ts";
import { expired, invalid } from "./status-error.ts";
import type { Change, ObjectStore } from "./store.ts";
import { tableOf } from "./table.ts";

const QUEUED_BYTES_MAX = 8_000_000;
const DEFAULT_TIMEOUT_SECONDS = 1_800;

export interface WatchRequest {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly matches: Matcher;
  readonly query: URLSearchParams;
  readonly table: boolean;
  readonly bookmarkEveryMs: number;
}

export function serveWatch(store: ObjectStore, request: WatchRequest, reply: Reply): void {
  const { resource, query } = request;
  if (query.get("sendInitialEvents") === "true") {
    const field = "sendInitialEvents";
    const message =
      "Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled";
    throw invalid("ListOptions", "", [{ reason: "FieldValueForbidden", field, message }]);
  }
  const from = parseVersion(query.get("resourceVersion"));
  const past = from === 0 ? initial(store, request) : store.changesSince(from, resource);
  const response = reply.stream("application/json");
  if (past === "gone") {
    const gone = expired(`too old resource version: ${from} (${store.version})`);
    response.end(frame("ERROR", gone.toStatus()));
    return;
  }
  const send = createSender(request, response);
  for (const change of past) send(change);
  const stopListening = store.onChange(send);
  const bookmark = () => {
    if (query.get("allowWatchBookmarks") !== "true") return;
    const { kind } = resource;
    const metadata = { resourceVersion: String(store.version), creationTimestamp: null };
    response.write(frame("BOOKMARK", { kind, apiVersion: apiVersionOf(resource), metadata }));
  };
  const bookmarks = setInterval(bookmark, request.bookmarkEveryMs);
  const seconds = Number(query.get("timeoutSeconds") ?? DEFAULT_TIMEOUT_SECONDS);
  const timeout = setTimeout(() => {
    bookmark();
    response.end();
  }, seconds * 1_000);
  response.on("close", () => {
    stopListening();
    clearInterval(bookmarks);
    clearTimeout(timeout);
  });
}

function parseVersion(text: string | null): number {
  if (text === null || text === "") return 0;
  const version = Number(text);
  if (!Number.isSafeInteger(version) || version < 0) {
    const field = "resourceVersion";
    const message = `Invalid value: ${JSON.stringify(text)}: must be an unsigned integer`;
    throw invalid("ListOptions", "", [{ reason: "FieldValueInvalid", field, message }]);
  }
  return version;
}

/** A watch from nowhere begins with what there is. */
function initial(store: ObjectStore, request: WatchRequest): Change[] {
  const { resource, namespace } = request;
  return store.list(resource, namespace).map((object) => ({
    version: Number(object.metadata.resourceVersion),
    type: "ADDED" as const,
    resource,
    object,
    previous: undefined,
  }));
}

function createSender(request: WatchRequest, response: ServerResponse): (change: Change) => void {
  const { resource, namespace, matches, query, table } = request;
  let definitions = true;
  const seen = (object: KubeObject | undefined) => object !== undefined && matches(object);
  return (change) => {
    if (change.resource !== resource || response.writableEnded) return;
    if (namespace !== undefined && change.object.metadata.namespace !== namespace) return;
    const before = seen(change.previous);
    const after = change.type !== "DELETED" && seen(change.object);
    const type = after ? (before ? "MODIFIED" : "ADDED") : before ? "DELETED" : undefined;
    if (type === undefined) return;
    if (response.writableLength > QUEUED_BYTES_MAX) {
      response.destroy();
      return;
    }
    if (!table) {
      response.write(frame(type, change.object));
      return;
    }
    const metadata = { resourceVersion: change.object.metadata.resourceVersion };
    const includeObject = query.get("includeObject") ?? "Metadata";
    const options = { includeObject, metadata, definitions };
    definitions = false;
    response.write(frame(type, tableOf(resource, [change.object], options)));
  };
}

function frame(type: string, object: unknown): string {
  return `${JSON.stringify({ type, object })}\n`;
}
