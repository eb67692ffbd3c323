// The cluster behind an API server. One namespace; our pods are found by label.
import { KubeError, codeOf, kubeApi } from "@chasqui/kubernetes";
import type { KubeConfig } from "@kubernetes/client-node/dist/config.js";
import { CONTAINER } from "../core/manifest.ts";
import type { PodFacts } from "../core/pod.ts";
import { itemsOf, podEvent, podFacts } from "../translate.ts";
import type { Cluster } from "./cluster.ts";
import { refusedForGood } from "./kube-errors.ts";
import { readPodLog } from "./kube-logs.ts";
import { startPodInformer } from "./pod-informer.ts";

const PAGE_MAX = 500;
const EVENTS_MAX = 100;
const MERGE_PATCH = "application/merge-patch+json";

export interface KubeClusterOptions {
  readonly config: KubeConfig;
  readonly namespace: string;
  /** `a=b,c=d`: which pods are ours. */
  readonly selector: string;
  /** Pods in one answer to a list. */
  readonly pageMax?: number;
  readonly log: { warn(fields: object, message: string): void };
}

export function kubeCluster(options: KubeClusterOptions): Cluster {
  const { config, namespace, selector, log, pageMax = PAGE_MAX } = options;
  const api = kubeApi(config);
  const base = `/api/v1/namespaces/${namespace}`;
  const pods = `${base}/pods`;
  const podPath = (name: string): string => `${pods}/${encodeURIComponent(name)}`;
  const list = async (): Promise<{ pods: PodFacts[]; resourceVersion: string }> => {
    const found: PodFacts[] = [];
    for (let more: string | undefined; ;) {
      const query = { labelSelector: selector, limit: pageMax, continue: more };
      const page = itemsOf(await api.json({ method: "GET", path: pods, query }));
      for (const item of page.items) {
        const pod = podFacts(item);
        if (pod !== undefined) found.push(pod);
      }
      if (page.more === "") return { pods: found, resourceVersion: page.resourceVersion };
      more = page.more;
    }
  };
  return {
    namespace,
    async create(pod) {
      const body = { apiVersion: "v1", kind: "Pod", ...pod };
      try {
        await api.json({ method: "POST", path: pods, body });
        return "created";
      } catch (error) {
        if (error instanceof KubeError && error.code === 409 && error.reason === "AlreadyExists")
          return "exists";
        throw refusedForGood(error) ?? error;
      }
    },
    async get(name) {
      try {
        return podFacts(await api.json({ method: "GET", path: podPath(name) }));
      } catch (error) {
        if (codeOf(error) === 404) return undefined;
        throw error;
      }
    },
    list: async () => (await list()).pods,
    watch: (listener) => startPodInformer({ config, path: pods, selector, list, log }, listener),
    async annotate(name, annotations, expected) {
      const body = { metadata: { annotations, ...expected } };
      try {
        await api.json({ method: "PATCH", path: podPath(name), body, contentType: MERGE_PATCH });
        return "done";
      } catch (error) {
        if (codeOf(error) === 404) return "gone";
        if (codeOf(error) === 409) return "conflict";
        throw error;
      }
    },
    async remove({ name, uid }, { graceSeconds }) {
      const grace = graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds };
      const body = { apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid }, ...grace };
      try {
        await api.json({ method: "DELETE", path: podPath(name), body });
        return "going";
      } catch (error) {
        const code = codeOf(error);
        if (code === 404 || code === 409) return "gone"; // 409: another pod of this name, ours is gone
        throw error;
      }
    },
    async events({ name, uid }) {
      const fieldSelector = `involvedObject.name=${name},involvedObject.uid=${uid}`;
      const query = { fieldSelector, limit: EVENTS_MAX };
      return itemsOf(await api.json({ method: "GET", path: `${base}/events`, query })).items.map(
        podEvent,
      );
    },
    log: (name, how) => readPodLog(api, { path: podPath(name), container: CONTAINER }, how),
  };
}
