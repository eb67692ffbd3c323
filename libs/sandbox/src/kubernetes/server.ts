// A Kubernetes API server with one node that really runs the command of each pod, as a local
// process. Production clients (client-node, kubectl) talk to it unchanged. State is in memory;
// logs are on disk; processes end with it.
import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { openDataDir } from "../web/data-dir.ts";
import { serveHttp } from "../web/serve.ts";
import { addFault, answerRequest } from "./answer.ts";
import type { ApiWorld } from "./answer.ts";
import { createEventRecorder } from "./event-recorder.ts";
import { Faults } from "./faults.ts";
import { kubeconfigOf } from "./kubeconfig.ts";
import { startKubelet } from "./kubelet.ts";
import { NODE_NAME } from "./node.ts";
import { kubeTime } from "./objects.ts";
import type { KubeObject } from "./objects.ts";
import { RequestLog } from "./request-log.ts";
import type { LoggedRequest } from "./request-log.ts";
import { NAMESPACES, NODES, PODS } from "./resources.ts";
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
  const store = new ObjectStore();
  seed(store, options.namespaces ?? []);
  const faults = new Faults();
  const record = createEventRecorder(store, NODE_NAME);
  const requests = new RequestLog();
  const started = Promise.withResolvers<ApiWorld>();
  const what = "the Kubernetes API";
  const setting = "CHASQUI_SANDBOX_K8S_PORT";
  const http = await serveHttp({ port, what, setting }, async (call) => {
    await answerRequest(await started.promise, call);
  });
  const dataDir = openDataDir(options.dataDir, "kubernetes");
  const podsDir = resolve(dataDir.path, "pods"); // absolute: processes run elsewhere
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
  const world: ApiWorld = { store, kubelet, faults, bookmarkEveryMs, requests, cut };
  started.resolve(world);
  const kubeconfigPath = resolve(dataDir.path, "kubeconfig");
  writeFileSync(kubeconfigPath, kubeconfigOf(http.url, options.namespaces?.[0] ?? "default"));
  const stop = async () => {
    await http.stop();
    await kubelet.stop();
    dataDir.release();
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
