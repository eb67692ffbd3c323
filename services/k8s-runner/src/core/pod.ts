// A pod as this service sees it: what the API server said, parsed once (translate.ts), without what nobody reads.

export interface PodFacts {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly createdMs: number;
  /** Somebody asked for its deletion. */
  readonly deleting: boolean;
  readonly phase: "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";
  readonly reason: string;
  readonly message: string;
  readonly node: string;
  readonly conditions: readonly Condition[];
  /** The container that is the task; undefined while no node has the pod, and after some evictions. */
  readonly main: ContainerFacts | undefined;
  readonly others: readonly ContainerFacts[];
  /** When the node took it. */
  readonly startMs: number | undefined;
  readonly deadlineSeconds: number | undefined;
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

export interface ContainerFacts {
  readonly name: string;
  readonly image: string;
  readonly state: ContainerState;
}

export type ContainerState =
  | { readonly is: "waiting"; readonly reason: string; readonly message: string }
  | { readonly is: "running"; readonly startedMs: number | undefined }
  | Terminated
  | { readonly is: "unknown" };

export interface Terminated {
  readonly is: "terminated";
  readonly exitCode: number;
  readonly reason: string;
  readonly message: string;
  readonly startedMs: number | undefined;
  readonly finishedMs: number | undefined;
}

/** An event about a pod. */
export interface PodEvent {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  readonly lastMs: number | undefined;
}

/** No container of it will run any more. */
export const isTerminal = (pod: PodFacts): boolean =>
  pod.phase === "Succeeded" || pod.phase === "Failed";

export const conditionOf = (pod: PodFacts, type: string): Condition | undefined =>
  pod.conditions.find((condition) => condition.type === type && condition.status === "True");
