// Buckets: S3 (path style) and the JSON API of Cloud Storage over the same objects, at one address. In memory: what
// is put there is gone with the process.
//   PUT|GET|DELETE /sandbox/objects/<bucket>/<key>   without signatures, for people and tests; ?modified=<RFC 3339>
//   GET /sandbox/requests   POST|DELETE /sandbox/faults {"status":503,"times":1,"path":"/exports/"}
import { numberAt, textAt } from "../web/json.ts";
import { HttpError, readBody, readJson, sendJson, serveHttp } from "../web/serve.ts";
import type { HttpCall } from "../web/serve.ts";
import { answerGcs, isGcs } from "./gcs.ts";
import { OBJECT_BYTES_MAX, answerS3 } from "./s3.ts";
import { BucketStore } from "./store.ts";

const REQUESTS_MAX = 10_000;
const OBJECTS = "/sandbox/objects/";

export interface BucketRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly status: number;
}

export interface BucketsStandIn extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  readonly store: BucketStore;
  readonly requests: () => readonly BucketRequest[];
  readonly fault: (body: unknown) => void;
  stop(): Promise<void>;
}

interface Fault {
  readonly status: number;
  readonly path: string;
  times: number;
}

interface World {
  readonly store: BucketStore;
  readonly requests: BucketRequest[];
  faults: Fault[];
}

export async function startBuckets(options: { readonly port: number }): Promise<BucketsStandIn> {
  const request = {
    port: options.port,
    what: "the buckets",
    setting: "CHASQUI_SANDBOX_BUCKETS_PORT",
  };
  const world: World = { store: new BucketStore(), requests: [], faults: [] };
  const http = await serveHttp(request, (call) => answer(world, call));
  return {
    port: http.port,
    url: http.url,
    store: world.store,
    requests: () => [...world.requests],
    fault: (body) => addFault(world, body),
    stop: () => http.stop(),
    [Symbol.asyncDispose]: () => http.stop(),
  };
}

async function answer(world: World, call: HttpCall): Promise<void> {
  const { path, method, request, response, query } = call;
  if (path.startsWith(OBJECTS)) return answerPlainly(world.store, call);
  switch (`${method} ${path}`) {
    case "GET /sandbox/requests":
      return sendJson(response, 200, { requests: world.requests });
    case "POST /sandbox/faults":
      addFault(world, await readJson(request, 10_000));
      return sendJson(response, 200, { ok: true });
    case "DELETE /sandbox/faults":
      world.faults = [];
      return sendJson(response, 200, { ok: true });
  }
  response.on("finish", () => {
    world.requests.push({ method, path, query: query.toString(), status: response.statusCode });
    if (world.requests.length > REQUESTS_MAX) world.requests.shift();
  });
  const fault = world.faults.find((one) => one.times > 0 && path.includes(one.path));
  if (fault !== undefined) {
    fault.times -= 1;
    return sendJson(response, fault.status, { error: "scripted by the sandbox" });
  }
  return isGcs(path) ? answerGcs(world.store, call) : answerS3(world.store, call);
}

function addFault(world: World, body: unknown): void {
  const status = numberAt(body, "status");
  if (status === undefined) throw new HttpError(400, `${JSON.stringify(body)}: want a status`);
  const path = textAt(body, "path") ?? "";
  world.faults.push({ status, path, times: numberAt(body, "times") ?? 1 });
}

async function answerPlainly(store: BucketStore, call: HttpCall): Promise<void> {
  const { path, method, request, response, query } = call;
  const [bucket = "", ...rest] = path.slice(OBJECTS.length).split("/");
  const key = decodeURIComponent(rest.join("/"));
  if (method === "PUT") {
    const body = await readBody(request, OBJECT_BYTES_MAX);
    const modifiedMs = Date.parse(query.get("modified") ?? new Date().toISOString());
    const contentType = request.headers["content-type"];
    const { md5 } = store.put({ bucket, key, body, contentType, modifiedMs });
    return sendJson(response, 200, { bucket, key, bytes: body.length, md5 });
  }
  const object = store.get(bucket, key);
  if (object === undefined) throw new HttpError(404, `no object ${bucket}/${key}`);
  if (method === "DELETE") {
    store.delete(bucket, key);
    return sendJson(response, 200, { ok: true });
  }
  response.writeHead(200, { "content-type": object.contentType });
  response.end(object.body);
}
