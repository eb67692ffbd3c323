// Pods for tests: a pod that has just been created, and what changes it.
import type { ContainerState, PodFacts } from "./pod.ts";

export const NOW_MS = 1_800_000_000_000;

export function podOf(
  change: Partial<PodFacts> & { readonly state?: ContainerState } = {},
): PodFacts {
  const { state, ...rest } = change;
  return {
    name: "att-x",
    uid: "uid-1",
    resourceVersion: "1",
    labels: {},
    annotations: {},
    createdMs: NOW_MS - 60_000,
    deleting: false,
    phase: "Pending",
    reason: "",
    message: "",
    node: "node-1",
    conditions: [],
    main: state === undefined ? undefined : { name: "main", image: "img:1", state },
    others: [],
    startMs: NOW_MS - 59_000,
    deadlineSeconds: undefined,
    ...rest,
  };
}

export const waiting = (reason: string, message = ""): ContainerState => ({
  is: "waiting",
  reason,
  message,
});
export const running: ContainerState = { is: "running", startedMs: NOW_MS - 50_000 };
export const terminated = (exitCode: number, reason = "", message = ""): ContainerState => ({
  is: "terminated",
  exitCode,
  reason: reason === "" ? (exitCode === 0 ? "Completed" : "Error") : reason,
  message,
  startedMs: NOW_MS - 50_000,
  finishedMs: NOW_MS - 1_000,
});
