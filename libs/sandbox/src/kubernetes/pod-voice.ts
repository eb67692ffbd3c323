// How a worker speaks about its pod.
// Invariant P1: a pod that is gone, or another one of the same name (by uid), is never written.
import type { Node } from "./node.ts";
import { NODE_NAME } from "./node.ts";
import type { KubeObject } from "./objects.ts";
import type { PodStatus } from "./pod-status.ts";
import { PODS } from "./resources.ts";

export interface PodVoice {
  /** The pod as it is now, unless it is gone. */
  current(): KubeObject | undefined;
  status(next: PodStatus, options?: { onNode: boolean }): void;
  event(type: "Normal" | "Warning", reason: string, message: string): void;
  /** Takes the pod from the store, once nothing of it is left. */
  remove(): void;
}

export function createPodVoice(node: Pick<Node, "store" | "record">, pod: KubeObject): PodVoice {
  const { name, namespace, uid } = pod.metadata;
  const key = { namespace, name };
  const current = () => {
    const found = node.store.get(PODS, key);
    return found?.metadata.uid === uid ? found : undefined;
  };
  return {
    current,
    status(next, options = { onNode: true }) {
      const now = current();
      if (now === undefined) return;
      const spec = options.onNode ? { ...now.spec, nodeName: NODE_NAME } : { ...now.spec };
      node.store.put(PODS, { ...now, spec, status: next });
    },
    event(type, reason, message) {
      const scheduler = reason === "Scheduled" || reason === "FailedScheduling";
      const component = scheduler ? "default-scheduler" : "kubelet";
      node.record(current() ?? pod, { type, reason, message, component });
    },
    remove() {
      if (current() !== undefined) node.store.remove(PODS, key);
    },
  };
}
