// The cluster, by @kubernetes/client-node. One namespace; our pods are found by label.
// Invariants:
//   P1. Every request ends: after REQUEST_MS without an answer it is an error like any other.
//   P2. The watch never stays broken: it is started anew after every error, at growing distance.
import {
  CoreV1Api,
  Observable,
  PatchStrategy,
  makeInformer,
  setHeaderOptions,
} from "@kubernetes/client-node";
import type { ConfigurationOptions, KubeConfig } from "@kubernetes/client-node";
import { podEvent, podFacts } from "../translate.ts";
import { CONTAINER } from "../core/manifest.ts";
import type { PodFacts } from "../core/pod.ts";
import type { Cluster, PodListener, Watching } from "./cluster.ts";
import { refusedForGood, statusOf } from "./kube-errors.ts";
import { readPodLog } from "./kube-logs.ts";

const REQUEST_MS = 30_000;
const LIST_MAX = 500;
const RESTART_MS = 500;
const RESTART_MS_MAX = 15_000;

export interface KubeClusterOptions {
  readonly config: KubeConfig;
  readonly namespace: string;
  /** `a=b,c=d`: which pods are ours. */
  readonly selector: string;
  readonly log: { warn(fields: object, message: string): void };
}

export function kubeCluster({ config, namespace, selector, log }: KubeClusterOptions): Cluster {
  const api = config.makeApiClient(CoreV1Api);
  const list = async (): Promise<{ items: unknown[]; resourceVersion: string }> => {
    const items: unknown[] = [];
    let resourceVersion = "";
    for (let page: string | undefined; page !== "";) {
      const request = { namespace, labelSelector: selector, limit: LIST_MAX };
      const answer = await api.listNamespacedPod(
        { ...request, ...(page === undefined ? {} : { _continue: page }) },
        within(),
      );
      items.push(...answer.items);
      resourceVersion = answer.metadata?.resourceVersion ?? "";
      page = answer.metadata?._continue ?? "";
    }
    return { items, resourceVersion };
  };
  return {
    namespace,
    async create(pod) {
      try {
        await api.createNamespacedPod({ namespace, body: pod }, within());
        return "created";
      } catch (error) {
        const status = statusOf(error);
        if (status?.code === 409 && status.reason === "AlreadyExists") return "exists";
        throw refusedForGood(error) ?? error;
      }
    },
    async get(name) {
      const read = async (): Promise<PodFacts | undefined> =>
        podFacts(await api.readNamespacedPod({ name, namespace }, within()));
      return unless404(read, undefined);
    },
    list: async () =>
      (await list()).items.map(podFacts).filter((pod): pod is PodFacts => pod !== undefined),
    watch: (listener) => watchPods({ config, api, namespace, selector, log }, listener),
    async annotate(name, annotations, expected) {
      const metadata = { annotations: { ...annotations }, ...expected };
      const options = setHeaderOptions("Content-Type", PatchStrategy.MergePatch, within());
      try {
        await api.patchNamespacedPod({ name, namespace, body: { metadata } }, options);
        return "done";
      } catch (error) {
        const code = statusOf(error)?.code;
        if (code === 404) return "gone";
        if (code === 409) return "conflict";
        throw error;
      }
    },
    async remove({ name, uid }, { graceSeconds }) {
      const grace = graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds };
      const body = { preconditions: { uid }, ...grace };
      try {
        await api.deleteNamespacedPod({ name, namespace, body, ...grace }, within());
        return "going";
      } catch (error) {
        const code = statusOf(error)?.code;
        if (code === 404 || code === 409) return "gone"; // 409: another pod of this name, ours is gone
        throw error;
      }
    },
    async events({ name, uid }) {
      const fieldSelector = `involvedObject.name=${name},involvedObject.uid=${uid}`;
      const answer = await api.listNamespacedEvent(
        { namespace, fieldSelector, limit: 100 },
        within(),
      );
      return answer.items.map(podEvent);
    },
    log: (name, options) => readPodLog(config, { namespace, name, container: CONTAINER }, options),
  };
}

async function unless404<T>(ask: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (statusOf(error)?.code === 404) return otherwise;
    throw error;
  }
}

/** P1, as an option of one request. */
function within(): ConfigurationOptions {
  return {
    middleware: [
      {
        pre: (request) => {
          request.setSignal(AbortSignal.timeout(REQUEST_MS));
          return new Observable(Promise.resolve(request));
        },
        post: (response) => new Observable(Promise.resolve(response)),
      },
    ],
    middlewareMergeStrategy: "append",
  };
}

function watchPods(
  of: Pick<KubeClusterOptions, "config" | "namespace" | "selector" | "log"> & { api: CoreV1Api },
  { onPod, onGone }: PodListener,
): Watching {
  const { config, api, namespace, selector, log } = of;
  const informer = makeInformer(
    config,
    `/api/v1/namespaces/${namespace}/pods`,
    () => api.listNamespacedPod({ namespace, labelSelector: selector }, within()),
    selector,
  );
  let stopped = false;
  let restartMs = RESTART_MS;
  let timer: NodeJS.Timeout | undefined;
  const tell = (to: (pod: PodFacts) => void) => (pod: unknown) => {
    const facts = podFacts(pod);
    restartMs = RESTART_MS;
    if (facts !== undefined && !stopped) to(facts);
  };
  const start = (): void => {
    if (!stopped) informer.start().catch(restart);
  };
  const restart = (error: unknown): void => {
    if (stopped) return;
    log.warn({ error, delay_ms: restartMs }, "the watch of pods broke; it is started again");
    clearTimeout(timer);
    timer = setTimeout(start, restartMs).unref();
    restartMs = Math.min(restartMs * 2, RESTART_MS_MAX);
  };
  informer.on("add", tell(onPod));
  informer.on("update", tell(onPod));
  informer.on("delete", tell(onGone));
  informer.on("error", restart);
  start();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await informer.stop();
    },
  };
}
