// Event objects about pods, as kubelet and scheduler write them; repeats are counted, not listed.
import { randomBytes, randomUUID } from "node:crypto";
import { numberAt, textAt } from "../web/json.ts";
import { kubeTime } from "./objects.ts";
import type { KubeObject } from "./objects.ts";
import { EVENTS } from "./resources.ts";
import type { ObjectStore } from "./store.ts";

const EVENTS_MAX = 2_000;

export interface PodEvent {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  readonly component?: "kubelet" | "default-scheduler";
}

export type EventRecorder = (pod: KubeObject, event: PodEvent) => void;

export function createEventRecorder(store: ObjectStore, nodeName: string): EventRecorder {
  const recorded: { namespace: string | undefined; name: string }[] = [];
  return (pod, { type, reason, message, component = "kubelet" }) => {
    const { namespace, name, uid } = pod.metadata;
    const now = kubeTime(Date.now());
    const last = recorded.at(-1);
    const before = last === undefined ? undefined : store.get(EVENTS, last);
    const repeats =
      before !== undefined &&
      textAt(before, "involvedObject", "uid") === uid &&
      before["reason"] === reason &&
      before["message"] === message;
    if (repeats) {
      const count = (numberAt(before, "count") ?? 1) + 1;
      store.put(EVENTS, { ...before, count, lastTimestamp: now });
      return;
    }
    const eventName = `${name.slice(0, 230)}.${randomBytes(8).toString("hex")}`;
    const source = component === "kubelet" ? { component, host: nodeName } : { component };
    store.put(EVENTS, {
      apiVersion: "v1",
      kind: "Event",
      metadata: {
        name: eventName,
        ...(namespace === undefined ? {} : { namespace }),
        uid: randomUUID(),
        resourceVersion: "0",
        creationTimestamp: now,
      },
      involvedObject: {
        kind: "Pod",
        namespace,
        name,
        uid,
        apiVersion: "v1",
        resourceVersion: pod.metadata.resourceVersion,
      },
      reason,
      message,
      source,
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
      type,
      eventTime: null,
      reportingComponent: component,
      reportingInstance: component === "kubelet" ? nodeName : "",
    });
    recorded.push({ namespace, name: eventName });
    if (recorded.length > EVENTS_MAX) {
      const oldest = recorded.shift();
      if (oldest !== undefined) store.remove(EVENTS, oldest);
    }
  };
}
