// The node: one, called sandbox-node. It watches the store for pods, gives each a worker, and says
// what became of it.
// Invariants:
//   N1. A pod has one worker for its life, known by uid, not by name.
//   N2. At most podsMax pods are on the node; the rest wait, Pending, in the order they came.
//   N3. When the node stops, nothing it started is left.
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { numberAt } from "../web/json.ts";
import { LogFile } from "./log-file.ts";
import type { Node, NodeOptions } from "./node.ts";
import { isFinished } from "./pod-status.ts";
import { tendPod } from "./pod-worker.ts";
import type { PodWorker } from "./pod-worker.ts";
import { PODS } from "./resources.ts";
import { createSlots } from "./slots.ts";
import type { Change, ObjectStore } from "./store.ts";
import { startWarden } from "./warden.ts";

/** Finished pods above this are collected, oldest first, as kube-controller-manager does. */
const FINISHED_PODS_MAX = 5_000;

export interface Kubelet {
  /** Logs of a pod's first container, one per start of it. */
  logsOf(uid: string): readonly LogFile[];
  readonly running: number;
  stop(): Promise<void>;
}

export function startKubelet(options: NodeOptions): Kubelet {
  const workers = new Map<string, PodWorker>();
  const logs = new Map<string, LogFile[]>();
  const warden = startWarden();
  const slots = createSlots(options.podsMax);
  const node: Node = {
    ...options,
    slots,
    warden,
    newLog(pod, restart) {
      const { uid } = pod.metadata;
      mkdirSync(join(options.podsDir, uid), { recursive: true });
      const log = new LogFile(join(options.podsDir, uid, `${restart}.log`));
      logs.set(uid, [...(logs.get(uid) ?? []), log]);
      return log;
    },
  };
  const onChange = (change: Change) => {
    if (change.resource !== PODS) return;
    const { uid, deletionTimestamp } = change.object.metadata;
    if (change.type === "ADDED") {
      const worker = tendPod(node, change.object);
      workers.set(uid, worker);
      void worker.done.finally(() => collectFinished(options.store));
      return;
    }
    if (change.type === "MODIFIED") {
      if (deletionTimestamp === undefined) return;
      if (change.previous?.metadata.deletionTimestamp === deletionTimestamp) return;
      const graceSeconds = numberAt(change.object, "metadata", "deletionGracePeriodSeconds") ?? 0;
      workers.get(uid)?.end(graceSeconds * 1_000);
      return;
    }
    const worker = workers.get(uid);
    workers.delete(uid);
    worker?.end(0);
    const forget = () => {
      for (const log of logs.get(uid) ?? []) log.end();
      logs.delete(uid);
      rmSync(join(options.podsDir, uid), { recursive: true, force: true });
    };
    // Readers that are at it may still take the last lines.
    void (worker?.done ?? Promise.resolve()).then(() => setImmediate(forget));
  };
  const stopWatching = options.store.onChange(onChange);
  return {
    logsOf: (uid) => logs.get(uid) ?? [],
    get running() {
      return slots.taken;
    },
    async stop() {
      stopWatching();
      const open = [...workers.values()];
      for (const worker of open) worker.end(0);
      await Promise.all(open.map((worker) => worker.done));
      await warden.stop();
      for (const log of [...logs.values()].flat()) log.end();
      logs.clear();
    },
  };
}

function collectFinished(store: ObjectStore): void {
  if (store.count(PODS) <= FINISHED_PODS_MAX) return;
  const finished = store.list(PODS).filter(isFinished);
  if (finished.length <= FINISHED_PODS_MAX) return;
  const oldest = finished.toSorted(
    (a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion),
  );
  for (const pod of oldest.slice(0, finished.length - FINISHED_PODS_MAX)) {
    store.remove(PODS, { namespace: pod.metadata.namespace, name: pod.metadata.name });
  }
}
