// One request to the API: find what it names, do its verb. Throws StatusError.
import { textAt } from "../web/json.ts";
import { readBody } from "../web/serve.ts";
import type { HttpCall } from "../web/serve.ts";
import { admitNew, admitUpdate } from "./admit.ts";
import { deleteObject } from "./delete.ts";
import type { Faults } from "./faults.ts";
import type { Kubelet } from "./kubelet.ts";
import { listObjects } from "./list.ts";
import { serveLog } from "./log-request.ts";
import type { KubeObject } from "./objects.ts";
import { applyPatch } from "./patch.ts";
import { NAMESPACES, PODS } from "./resources.ts";
import type { Reply } from "./reply.ts";
import { parseTarget } from "./route.ts";
import type { Target } from "./route.ts";
import { parseSelectors } from "./selectors.ts";
import {
  alreadyExists,
  badRequest,
  methodNotAllowed,
  noSuchPath,
  notFound,
  StatusError,
  unsupportedMedia,
} from "./status-error.ts";
import type { ObjectStore } from "./store.ts";
import { tableOf, wantsTable } from "./table.ts";
import { serveWatch } from "./watch.ts";

const BODY_BYTES_MAX = 3 * 1024 * 1024;

export interface Cluster {
  readonly store: ObjectStore;
  readonly kubelet: Kubelet;
  readonly faults: Faults;
  readonly bookmarkEveryMs: number;
}

export async function handleApi(cluster: Cluster, call: HttpCall, reply: Reply): Promise<void> {
  const target = parseTarget(call.path);
  if (target === undefined) throw noSuchPath();
  if (target.name !== undefined) reply.name = target.name;
  if (target.subresource !== undefined) {
    if (target.subresource !== "log" || target.resource !== PODS) throw noSuchPath();
    if (call.method !== "GET") throw methodNotAllowed();
    return serveLog(cluster.kubelet, find(cluster, target), call.query, reply);
  }
  return target.name === undefined
    ? handleCollection(cluster, call, target, reply)
    : handleObject(cluster, call, target, reply);
}

async function handleCollection(
  cluster: Cluster,
  call: HttpCall,
  target: Target,
  reply: Reply,
): Promise<void> {
  const { store } = cluster;
  const { resource, namespace } = target;
  const { query } = call;
  const table = wantsTable(call.request.headers.accept);
  switch (call.method) {
    case "GET": {
      if (query.get("watch") !== "true" && query.get("watch") !== "1") {
        return reply.json(200, listObjects(store, { resource, namespace, query, table }));
      }
      const matches = parseSelectors(query, resource);
      const { bookmarkEveryMs } = cluster;
      return serveWatch(
        store,
        { resource, namespace, matches, query, table, bookmarkEveryMs },
        reply,
      );
    }
    case "POST": {
      const body = await bodyOf(call);
      reply.name = textAt(body, "metadata", "name");
      const object = create(cluster, target, body, query);
      reply.name = object.metadata.name;
      return reply.json(201, object);
    }
    case "DELETE": {
      const options = await bodyOf(call);
      const matches = parseSelectors(query, resource);
      const chosen = store.list(resource, namespace).filter(matches);
      for (const object of chosen) deleteObject(store, object, { resource, query, options });
      return reply.json(200, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" });
    }
    default:
      throw methodNotAllowed();
  }
}

function create(
  cluster: Cluster,
  target: Target,
  body: unknown,
  query: URLSearchParams,
): KubeObject {
  const { store, faults } = cluster;
  const { resource, namespace } = target;
  if (resource.namespaced && namespace === undefined) {
    throw badRequest("an empty namespace may not be set during creation");
  }
  const object = admitNew({ resource, namespace }, body);
  if (
    namespace !== undefined &&
    !store.get(NAMESPACES, { namespace: undefined, name: namespace })
  ) {
    throw notFound("namespaces", namespace);
  }
  if (resource === PODS) faults.check(object);
  const { name } = object.metadata;
  if (store.get(resource, { namespace, name }) !== undefined) {
    throw alreadyExists(resource.plural, name);
  }
  return query.get("dryRun") === "All" ? object : store.put(resource, object);
}

async function handleObject(
  cluster: Cluster,
  call: HttpCall,
  target: Target,
  reply: Reply,
): Promise<void> {
  const { store } = cluster;
  const { resource, namespace } = target;
  const { query } = call;
  switch (call.method) {
    case "GET": {
      const object = find(cluster, target);
      if (!wantsTable(call.request.headers.accept)) return reply.json(200, object);
      const includeObject = query.get("includeObject") ?? "Metadata";
      const metadata = { resourceVersion: object.metadata.resourceVersion };
      const options = { includeObject, metadata, definitions: true };
      return reply.json(200, tableOf(resource, [object], options));
    }
    case "PUT":
    case "PATCH": {
      const body = await bodyOf(call);
      const current = find(cluster, target);
      const contentType = call.request.headers["content-type"] ?? "";
      const wanted = call.method === "PUT" ? body : applyPatch(current, contentType, body);
      const next = admitUpdate({ resource, namespace }, current, wanted);
      const dryRun = query.get("dryRun") === "All";
      return reply.json(200, dryRun ? next : store.put(resource, next));
    }
    case "DELETE": {
      const options = await bodyOf(call);
      const object = find(cluster, target);
      return reply.json(200, deleteObject(store, object, { resource, query, options }));
    }
    default:
      throw methodNotAllowed();
  }
}

function find(cluster: Cluster, target: Target): KubeObject {
  const { resource, namespace, name = "" } = target;
  const object = cluster.store.get(resource, { namespace, name });
  if (object === undefined) throw notFound(resource.plural, name);
  return object;
}

/** undefined when there is no body. Only JSON: a form of another site's page is not (W1). */
async function bodyOf(call: HttpCall): Promise<unknown> {
  const bytes = await readBody(call.request, BODY_BYTES_MAX);
  if (bytes.length === 0) return undefined;
  const contentType = call.request.headers["content-type"] ?? "";
  if (!/^application\/(json|[a-z-]+\+json)\b/.test(contentType)) {
    throw unsupportedMedia(contentType, "application/json");
  }
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    throw new StatusError(
      400,
      "BadRequest",
      `the object provided is unrecognized: ${String(error)}`,
    );
  }
}
