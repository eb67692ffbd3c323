// What is kept of a pod when its attempt failed: enough to know why without the pod. Pure.
import type { Json, JsonMap } from "./json.ts";
import type { ContainerFacts, PodEvent, PodFacts } from "./pod.ts";

export type Evidence = JsonMap;

const EVENTS_MAX = 20;

export function evidenceOf(pod: PodFacts, events: readonly PodEvent[]): Evidence {
  const main = pod.main?.state;
  return {
    pod: pod.name,
    uid: pod.uid,
    ...(pod.node === "" ? {} : { node: pod.node }),
    phase: pod.phase,
    ...(pod.reason === "" ? {} : { reason: pod.reason }),
    ...(pod.message === "" ? {} : { message: pod.message }),
    ...(main?.is === "terminated" ? { exit_code: main.exitCode } : {}),
    ...(pod.deleting ? { deleting: true } : {}),
    containers: [...(pod.main === undefined ? [] : [pod.main]), ...pod.others].map(shownContainer),
    conditions: pod.conditions
      .filter(({ reason, type }) => reason !== "" || type === "DisruptionTarget")
      .map(({ type, status, reason, message }) => ({ type, status, reason, message })),
    events: events.slice(-EVENTS_MAX).map(shownEvent),
  };
}

function shownContainer({ name, image, state }: ContainerFacts): Json {
  switch (state.is) {
    case "waiting":
      return { name, image, state: "waiting", reason: state.reason, message: state.message };
    case "terminated":
      return {
        name,
        image,
        state: "terminated",
        reason: state.reason,
        exit_code: state.exitCode,
        ...(state.message === "" ? {} : { message: state.message }),
        ...(state.startedMs === undefined ? {} : { started: iso(state.startedMs) }),
        ...(state.finishedMs === undefined ? {} : { finished: iso(state.finishedMs) }),
      };
    default:
      return { name, image, state: state.is };
  }
}

function shownEvent({ type, reason, message, count, lastMs }: PodEvent): Json {
  const at = lastMs === undefined ? {} : { at: iso(lastMs) };
  return { type, reason, message, ...(count > 1 ? { count } : {}), ...at };
}

const iso = (ms: number): string => new Date(ms).toISOString();
