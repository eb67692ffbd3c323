// A Kubernetes API server with one node that really runs the command of each pod, as a local
// process. Production clients (client-node, kubectl) talk to it unchanged. State is in memory;
// logs are on disk; processes end with it.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { textAt } from "../web/json.ts";
import { HttpError, readJson, sendJson, serveHttp } from "../web/serve.ts";
import type { HttpCall } from "../web/serve.ts";
import { createEventRecorder } from "./event-recorder.ts";
import { Faults } from "./faults.ts";
import { handleApi } from "./handle.ts";
import type { Cluster } from "./handle.ts";
import { kubeconfigOf } from "./kubeconfig.ts";
import { startKubelet } from "./kubelet.ts";
import { NODE_NAME } from "./node.ts";
import { kubeTime } from "./objects.ts";
import type { KubeObject } from "./objects.ts";
import { createReply } from "./reply.ts";
import { RequestLog } from "./request-log.ts";
import type { LoggedRequest } from "./request-log.ts";
import { discoveryAt, NAMESPACES, NODES, PODS } from "./resources.ts";
import { StatusError } from "./status-error.ts";
import { ObjectStore } from "./store.ts";

export interface KubernetesOptions {
  readonly port: number;
  /** For logs and the kubeconfig; a temporary folder when left out. */
  readonly dataDir?: string;
  /** The working directory of every pod's process. */
  readonly workDir: string;
  /** Besides default and kube-system. */
  readonly namespaces?: readonly string[];
  /** Pods on the node at one time; as on a real node, 110 unless told otherwise. */
  readonly podsMax?: number;
  readonly bookmarkEveryMs?: number;
  readonly restartBackoffMs?: number;
}

export interface KubernetesStandIn extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** A file for KUBECONFIG. */
  readonly kubeconfigPath: string;
  readonly requests: () => readonly LoggedRequest[];
  /** Pod name → how often it was created. */
  readonly podCreates: () => ReadonlyMap<string, number>;
  readonly pods: () => readonly KubeObject[];
  /** Scripts a fault: see faults.ts. */
  readonly fault: (body: unknown) => void;
  stop(): Promise<void>;
}

export async function startKubernetes(options: KubernetesOptions): Promise<KubernetesStandIn> {
  const { port, workDir, bookmarkEveryMs = 60_000 } = options;
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), "chasqui-kubernetes-"));
  const podsDir = join(dataDir, "pods");
  const store = new ObjectStore();
  seed(store, options.namespaces ?? []);
  const faults = new Faults();
  const record = createEventRecorder(store, NODE_NAME);
  const requests = new RequestLog();
  const started = Promise.withResolvers<World>();
  const what = "the Kubernetes API";
  const setting = "CHASQUI_SANDBOX_K8S_PORT";
  const http = await serveHttp({ port, what, setting }, async (call) => {
    await answer(await started.promise, call);
  });
  rmSync(podsDir, { recursive: true, force: true }); // pods live in memory: old logs have no pod
  mkdirSync(podsDir, { recursive: true });
  const kubelet = startKubelet({
    store,
    record,
    faults,
    podsDir,
    workDir,
    podsMax: options.podsMax ?? 110,
    restartBackoffMs: options.restartBackoffMs ?? 10_000,
  });
  const cut = () => http.server.closeAllConnections();
  const world: World = { store, kubelet, faults, bookmarkEveryMs, requests, cut };
  started.resolve(world);
  const kubeconfigPath = join(dataDir, "kubeconfig");
  writeFileSync(kubeconfigPath, kubeconfigOf(http.url, options.namespaces?.[0] ?? "default"));
  const stop = async () => {
    await http.stop();
    await kubelet.stop();
    if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
  };
  return {
    url: http.url,
    port: http.port,
    kubeconfigPath,
    requests: () => requests.find(new URLSearchParams()),
    podCreates: () => requests.podCreates(),
    pods: () => store.list(PODS),
    fault: (body) => addFault(world, body),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

type World = Cluster & { readonly requests: RequestLog; readonly cut: () => void };

async function answer(world: World, call: HttpCall): Promise<void> {
  const { method, path, query, response } = call;
  if (path.startsWith("/sandbox/")) return answerSandbox(world, call);
  const reply = createReply(response, ({ status, name }) =>
    world.requests.add({ method, path, query: query.toString(), name, status }),
  );
  try {
    world.faults.strikeApi(method, path);
    const document = discoveryAt(path.replace(/\/$/, ""), call.request.headers.host ?? "");
    if (["/livez", "/readyz", "/healthz"].includes(path)) reply.stream("text/plain").end("ok");
    else if (document !== undefined) reply.json(200, document);
    else await handleApi(world, call, reply);
  } catch (error) {
    if (response.headersSent) throw error;
    const failure = StatusError.from(error);
    const retryAfter = failure.details?.retryAfterSeconds;
    const headers = retryAfter === undefined ? {} : { "retry-after": String(retryAfter) };
    reply.json(failure.code, failure.toStatus(), headers);
  }
}

/** What only a stand-in has: the request log, and scripted faults. */
async function answerSandbox(world: World, call: HttpCall): Promise<void> {
  const { method, path, query, request, response } = call;
  if (method === "GET" && path === "/sandbox/requests") {
    return sendJson(response, 200, { requests: world.requests.find(query) });
  }
  if (method === "GET" && path === "/sandbox/pod-creates") {
    return sendJson(response, 200, Object.fromEntries(world.requests.podCreates()));
  }
  if (path !== "/sandbox/faults") throw new HttpError(404, `no ${method} ${path} here`);
  if (method === "POST") addFault(world, await readJson(request, 100_000));
  else if (method === "DELETE") world.faults.clear();
  else throw new HttpError(405, `${method} ${path}: want POST or DELETE`);
  return sendJson(response, 200, { ok: true });
}

/** compact: older watches are 410 from now on. cut: every open connection is dropped. */
function addFault(world: Pick<World, "store" | "faults" | "cut">, body: unknown): void {
  const kind = textAt(body, "kind");
  if (kind === "compact") world.store.compact();
  else if (kind === "cut")
    setImmediate(world.cut); // after the answer to who asked for it
  else world.faults.add(body);
}

function seed(store: ObjectStore, namespaces: readonly string[]): void {
  const meta = (name: string) => ({
    name,
    uid: randomUUID(),
    resourceVersion: "0",
    creationTimestamp: kubeTime(Date.now()),
    labels: { "kubernetes.io/metadata.name": name },
  });
  for (const name of new Set(["default", "kube-system", ...namespaces])) {
    store.put(NAMESPACES, {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: meta(name),
      spec: { finalizers: ["kubernetes"] },
      status: { phase: "Active" },
    });
  }
  store.put(NODES, {
    apiVersion: "v1",
    kind: "Node",
    metadata: meta(NODE_NAME),
    spec: {},
    status: {
      conditions: [{ type: "Ready", status: "True", reason: "KubeletReady" }],
      nodeInfo: { kubeletVersion: "v1.32.0+chasqui-sandbox", osImage: process.platform },
    },
  });
}
