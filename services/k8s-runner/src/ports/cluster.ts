// The cluster as this service needs it. kube-cluster.ts is the real one.
import type { PodManifest } from "../core/manifest.ts";
import type { PodEvent, PodFacts } from "../core/pod.ts";

export interface Cluster {
  readonly namespace: string;
  /** `exists`: there is one of this name already. Throws TaskFailure when the API server refuses it for good. */
  create(pod: PodManifest): Promise<"created" | "exists">;
  get(name: string): Promise<PodFacts | undefined>;
  /** Every pod that is ours. */
  list(): Promise<PodFacts[]>;
  /** Tells of our pods as they change, as well as it can; list() is the truth. */
  watch(listener: PodListener): Watching;
  annotate(
    name: string,
    annotations: Readonly<Record<string, string>>,
    /** Only if nobody changed it since. */
    expected?: { readonly resourceVersion: string },
  ): Promise<"done" | "gone" | "conflict">;
  remove(
    pod: { readonly name: string; readonly uid: string },
    options: { readonly graceSeconds?: number },
  ): Promise<"going" | "gone">;
  events(pod: { readonly name: string; readonly uid: string }): Promise<PodEvent[]>;
  /** Throws LogGone or LogNotYet; other errors mean: try again. */
  log(name: string, options: LogOptions): AsyncIterable<RawLine>;
}

export interface PodListener {
  onPod(pod: PodFacts): void;
  onGone(pod: PodFacts): void;
}

export interface Watching {
  stop(): Promise<void>;
}

export interface LogOptions {
  readonly follow: boolean;
  /** A whole second, RFC 3339. */
  readonly since: string | undefined;
  readonly tailLines?: number;
  readonly signal: AbortSignal;
}

export interface RawLine {
  /** Timestamp, blank, text. */
  readonly text: string;
  /** False for what came after the last line's end: the line may go on. */
  readonly whole: boolean;
}

/** The pod is gone, its log with it. */
export class LogGone extends Error {
  override readonly name = "LogGone";
}

/** The container has not started yet. */
export class LogNotYet extends Error {
  override readonly name = "LogNotYet";
}
