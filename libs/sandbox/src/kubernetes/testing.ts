// The set-up of this folder's tests: a stand-in, the real client on it, and signals to wait for.
import { CoreV1Api, KubeConfig, Watch } from "@kubernetes/client-node";
import type { V1Pod } from "@kubernetes/client-node";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { startKubernetes } from "./server.ts";
import type { KubernetesOptions, KubernetesStandIn } from "./server.ts";

export interface TestCluster extends AsyncDisposable {
  readonly kube: KubernetesStandIn;
  readonly config: KubeConfig;
  readonly core: CoreV1Api;
  createPod(spec: PodSpec): Promise<V1Pod>;
  /**
   * Resolves with the pod once the condition holds, or held at any time since it was as `since` shows it; rejects
   * when the pod is deleted first.
   */
  podWhen(name: string, holds: (pod: V1Pod) => boolean, since?: V1Pod): Promise<V1Pod>;
  finished(name: string): Promise<V1Pod>;
  log(name: string, query?: string, signal?: AbortSignal): Promise<Response>;
}

export interface PodSpec {
  readonly name: string;
  readonly script?: string;
  readonly command?: string[];
  readonly annotations?: Record<string, string>;
  readonly labels?: Record<string, string>;
  readonly container?: object;
  readonly spec?: object;
}

export async function startTestCluster(
  options: Partial<KubernetesOptions> = {},
): Promise<TestCluster> {
  const workDir = resolve(import.meta.dirname, "../../../..");
  const kube = await startKubernetes({ port: 0, workDir, ...options });
  const config = new KubeConfig();
  config.loadFromFile(kube.kubeconfigPath);
  const core = config.makeApiClient(CoreV1Api);
  const podWhen: TestCluster["podWhen"] = (...of) => waitForPod(config, ...of);
  return {
    kube,
    config,
    core,
    createPod: (spec) => core.createNamespacedPod({ namespace: "default", body: podOf(spec) }),
    podWhen,
    finished: (name) =>
      podWhen(name, (pod) => ["Succeeded", "Failed"].includes(pod.status?.phase ?? "")),
    log: (name, query = "", signal) =>
      fetch(
        `${kube.url}/api/v1/namespaces/default/pods/${name}/log?${query}`,
        signal === undefined ? {} : { signal },
      ),
    [Symbol.asyncDispose]: () => kube.stop(),
  };
}

export function podOf(spec: PodSpec): V1Pod {
  const { name, annotations, labels, container, script = "" } = spec;
  const command = spec.command ?? ["node", "-e", script];
  return {
    metadata: {
      name,
      ...(annotations === undefined ? {} : { annotations }),
      ...(labels === undefined ? {} : { labels }),
    },
    spec: {
      restartPolicy: "Never",
      containers: [{ name: "base", image: "registry.example/x:1", command, ...container }],
      ...spec.spec,
    },
  };
}

async function waitForPod(
  config: KubeConfig,
  name: string,
  holds: (pod: V1Pod) => boolean,
  since?: V1Pod,
): Promise<V1Pod> {
  const found = Promise.withResolvers<V1Pod>();
  const resourceVersion = since?.metadata?.resourceVersion;
  const query = {
    fieldSelector: `metadata.name=${name}`,
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
  const seen: string[] = [];
  const controller = await new Watch(config).watch(
    "/api/v1/namespaces/default/pods",
    query,
    (type: string, pod: V1Pod) => {
      seen.push(`${type} ${pod.status?.phase}`);
      if (type === "DELETED")
        found.reject(new Error(`pod ${name} was deleted: ${seen.join(", ")}`));
      else if (holds(pod)) found.resolve(pod);
    },
    (error: unknown) => found.reject(new Error(`the watch ended: ${String(error)}`)),
  );
  try {
    return await found.promise;
  } finally {
    controller.abort();
  }
}

/** A process that ended but that nobody has waited for (a zombie) is not alive. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return !/^\d+ \(.*\) [ZX]/.test(stat);
  } catch {
    return process.platform !== "linux";
  }
}
