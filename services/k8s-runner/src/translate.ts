// What the API server says about pods and events, parsed once.
// Invariant: nothing is believed about a pod that it does not say; what is missing becomes "" or undefined.
import type { ContainerFacts, ContainerState, PodEvent, PodFacts } from "./core/pod.ts";
import { CONTAINER } from "./core/manifest.ts";

type Json = Readonly<Record<string, unknown>>;

const objectOf = (value: unknown): Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
const numberOf = (value: unknown): number | undefined =>
  typeof value === "number" ? value : undefined;

function timeOf(value: unknown): number | undefined {
  const ms = typeof value === "string" ? Date.parse(value) : NaN;
  return Number.isFinite(ms) && ms > 0 ? ms : undefined; // a container that never ran "started" in 1970
}

function textsOf(value: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries(objectOf(value)).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    ),
  );
}

export interface Page {
  readonly items: readonly unknown[];
  readonly resourceVersion: string;
  /** Token of the next page; empty on the last. */
  readonly more: string;
}

export function itemsOf(list: unknown): Page {
  const { items, metadata } = objectOf(list);
  const meta = objectOf(metadata);
  return {
    items: listOf(items),
    resourceVersion: textOf(meta["resourceVersion"]),
    more: textOf(meta["continue"]),
  };
}

const PHASES = ["Pending", "Running", "Succeeded", "Failed"] as const;

/** Undefined for what is not a pod. */
export function podFacts(value: unknown): PodFacts | undefined {
  const { metadata, spec, status } = objectOf(value);
  const meta = objectOf(metadata);
  const said = objectOf(status);
  const name = textOf(meta["name"]);
  if (name === "") return undefined;
  const statuses = listOf(said["containerStatuses"]).map(containerFacts);
  const inits = listOf(said["initContainerStatuses"]).map(containerFacts);
  return {
    name,
    uid: textOf(meta["uid"]),
    resourceVersion: textOf(meta["resourceVersion"]),
    labels: textsOf(meta["labels"]),
    annotations: textsOf(meta["annotations"]),
    createdMs: timeOf(meta["creationTimestamp"]) ?? 0,
    deleting: timeOf(meta["deletionTimestamp"]) !== undefined,
    phase: PHASES.find((phase) => phase === said["phase"]) ?? "Unknown",
    reason: textOf(said["reason"]),
    message: textOf(said["message"]),
    node: textOf(objectOf(spec)["nodeName"]),
    conditions: listOf(said["conditions"]).map((one) => {
      const condition = objectOf(one);
      return {
        type: textOf(condition["type"]),
        status: textOf(condition["status"]),
        reason: textOf(condition["reason"]),
        message: textOf(condition["message"]),
      };
    }),
    main: statuses.find((one) => one.name === CONTAINER),
    others: [...inits, ...statuses.filter((one) => one.name !== CONTAINER)],
    startMs: timeOf(said["startTime"]),
    deadlineSeconds: numberOf(objectOf(spec)["activeDeadlineSeconds"]),
  };
}

function containerFacts(value: unknown): ContainerFacts {
  const status = objectOf(value);
  return {
    name: textOf(status["name"]),
    image: textOf(status["image"]),
    state: containerState(status["state"]),
  };
}

function containerState(value: unknown): ContainerState {
  const { waiting, running, terminated } = objectOf(value);
  if (terminated !== undefined) {
    const ended = objectOf(terminated);
    return {
      is: "terminated",
      exitCode: numberOf(ended["exitCode"]) ?? -1,
      reason: textOf(ended["reason"]),
      message: textOf(ended["message"]),
      startedMs: timeOf(ended["startedAt"]),
      finishedMs: timeOf(ended["finishedAt"]),
    };
  }
  if (running !== undefined)
    return { is: "running", startedMs: timeOf(objectOf(running)["startedAt"]) };
  if (waiting !== undefined) {
    const { reason, message } = objectOf(waiting);
    return { is: "waiting", reason: textOf(reason), message: textOf(message) };
  }
  return { is: "unknown" };
}

export function podEvent(value: unknown): PodEvent {
  const event = objectOf(value);
  return {
    type: textOf(event["type"]),
    reason: textOf(event["reason"]),
    message: textOf(event["message"]),
    count: numberOf(event["count"]) ?? 1,
    lastMs: timeOf(event["lastTimestamp"]) ?? timeOf(event["eventTime"]),
  };
}
