// The status of a pod as pure functions: what the kubelet says at each step of its life.
// Invariant: phase, conditions and containerStatuses always agree, because each step writes all.
import { isObject, listAt, objectAt, textAt } from "../web/json.ts";
import { kubeTime } from "./objects.ts";
import type { KubeObject } from "./objects.ts";

export type Phase = "Pending" | "Running" | "Succeeded" | "Failed";

interface Condition {
  readonly type: string;
  readonly status: "True" | "False";
  readonly lastProbeTime: null;
  readonly lastTransitionTime: string;
  readonly reason?: string;
  readonly message?: string;
}

export interface Terminated {
  readonly exitCode: number;
  readonly reason: string;
  readonly message?: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly containerID: string;
}

export type ContainerState =
  | { readonly waiting: { readonly reason: string; readonly message?: string } }
  | { readonly running: { readonly startedAt: string } }
  | { readonly terminated: Terminated };

export interface PodStatus {
  readonly phase: Phase;
  readonly conditions?: readonly Condition[];
  readonly qosClass: string;
  readonly startTime?: string;
  readonly hostIP?: string;
  readonly podIP?: string;
  readonly podIPs?: readonly { readonly ip: string }[];
  readonly reason?: string;
  readonly message?: string;
  readonly containerStatuses?: readonly unknown[];
}

export interface Containers {
  readonly state: ContainerState;
  readonly lastState?: ContainerState;
  readonly restartCount: number;
}

const LOCAL_IP = "127.0.0.1";

function condition(
  type: string,
  good: boolean,
  nowMs: number,
  why: { reason?: string; message?: string } = {},
): Condition {
  return {
    type,
    status: good ? "True" : "False",
    lastProbeTime: null,
    lastTransitionTime: kubeTime(nowMs),
    ...why,
  };
}

export function unschedulable(pod: KubeObject, message: string, nowMs: number): PodStatus {
  const why = { reason: "Unschedulable", message };
  return {
    phase: "Pending",
    qosClass: qosClassOf(objectAt(pod, "spec")),
    conditions: [condition("PodScheduled", false, nowMs, why)],
  };
}

/** On a node, its containers in the given state. */
export function onNode(
  pod: KubeObject,
  life: { phase: Phase; startedMs: number; nowMs: number },
  containers: Containers,
): PodStatus {
  const { phase, startedMs, nowMs } = life;
  const ready = "running" in containers.state;
  const notReady =
    phase === "Succeeded"
      ? { reason: "PodCompleted" }
      : phase === "Failed"
        ? { reason: "PodFailed" }
        : { reason: "ContainersNotReady", message: "containers with unready status" };
  return {
    phase,
    qosClass: qosClassOf(objectAt(pod, "spec")),
    conditions: [
      condition("PodReadyToStartContainers", ready, nowMs),
      condition("Initialized", true, startedMs),
      condition("Ready", ready, nowMs, ready ? {} : notReady),
      condition("ContainersReady", ready, nowMs, ready ? {} : notReady),
      condition("PodScheduled", true, startedMs),
    ],
    startTime: kubeTime(startedMs),
    hostIP: LOCAL_IP,
    podIP: LOCAL_IP,
    podIPs: [{ ip: LOCAL_IP }],
    containerStatuses: containerStatuses(pod, containers),
  };
}

/** Only the first container is a process; the others are shown as sharing its fate. */
function containerStatuses(pod: KubeObject, containers: Containers): unknown[] {
  const { state, lastState, restartCount } = containers;
  return listAt(pod, "spec", "containers").map((container) => ({
    name: textAt(container, "name") ?? "",
    state,
    lastState: lastState ?? {},
    ready: "running" in state,
    started: "running" in state,
    restartCount,
    image: textAt(container, "image") ?? "",
    imageID: "waiting" in state ? "" : `sandbox://${textAt(container, "image") ?? ""}`,
    ...("terminated" in state ? { containerID: state.terminated.containerID } : {}),
  }));
}

/** Eviction leaves no containerStatuses: what the process said is lost, as on a real node. */
export function evicted(before: PodStatus, nowMs: number): PodStatus {
  const { containerStatuses: _lost, ...rest } = before;
  const message =
    "The node was low on resource: memory. Threshold quantity: 100Mi, available: 48Mi. ";
  const why = { reason: "TerminationByKubelet", message };
  return {
    ...rest,
    phase: "Failed",
    reason: "Evicted",
    message,
    conditions: [condition("DisruptionTarget", true, nowMs, why), ...(before.conditions ?? [])],
  };
}

/** The node stopped answering: the API server knows no outcome. */
export function nodeLost(
  before: PodStatus,
  node: { name: string; pod: string },
  nowMs: number,
): PodStatus {
  const why = {
    reason: "DeletionByTaintManager",
    message: "Taint manager: deleting due to NoExecute taint",
  };
  return {
    ...before,
    reason: "NodeLost",
    message: `Node ${node.name} which was running pod ${node.pod} is unresponsive`,
    conditions: [
      condition("DisruptionTarget", true, nowMs, why),
      ...(before.conditions ?? []).map((one) =>
        one.type === "Ready" ? condition("Ready", false, nowMs, { reason: "NodeNotReady" }) : one,
      ),
    ],
  };
}

export function deadlineExceeded(status: PodStatus): PodStatus {
  return {
    ...status,
    phase: "Failed",
    reason: "DeadlineExceeded",
    message: "Pod was active on the node longer than the specified deadline",
  };
}

export function isFinished(pod: KubeObject): boolean {
  const phase = textAt(pod, "status", "phase");
  return phase === "Succeeded" || phase === "Failed";
}

export function qosClassOf(spec: unknown): "BestEffort" | "Burstable" | "Guaranteed" {
  const containers = listAt(spec, "containers");
  const asked = containers.flatMap((container) => [
    objectAt(container, "resources", "requests"),
    objectAt(container, "resources", "limits"),
  ]);
  if (asked.every((part) => Object.keys(part).length === 0)) return "BestEffort";
  const guaranteed = containers.every((container) => {
    const limits = objectAt(container, "resources", "limits");
    const requests = objectAt(container, "resources", "requests");
    return ["cpu", "memory"].every(
      (unit) => limits[unit] !== undefined && (requests[unit] ?? limits[unit]) === limits[unit],
    );
  });
  return guaranteed && isObject(spec) ? "Guaranteed" : "Burstable";
}
