// Tells of pods as they change: a list, then a watch from there, and again from a list when the history is gone.
// Invariants:
//   I1. The watch never stays broken: it goes on after every end and error, at growing distance after errors.
//   I2. What a list no longer shows is told as gone.
import type { KubeConfig } from "@kubernetes/client-node/dist/config.js";
import { Watch } from "@kubernetes/client-node/dist/watch.js";
import type { PodFacts } from "../core/pod.ts";
import { podFacts } from "../translate.ts";
import type { PodListener, Watching } from "./cluster.ts";

const AGAIN_MS = 250;
const AGAIN_MS_MAX = 15_000;

export interface InformerOptions {
  readonly config: KubeConfig;
  readonly path: string;
  readonly selector: string;
  list(): Promise<{ readonly pods: readonly PodFacts[]; readonly resourceVersion: string }>;
  readonly log: { warn(fields: object, message: string): void };
}

export function startPodInformer(options: InformerOptions, listener: PodListener): Watching {
  const { config, path, selector, list, log } = options;
  const watch = new Watch(config);
  const known = new Map<string, PodFacts>();
  const stopping = Promise.withResolvers<void>();
  let resourceVersion = "";
  let stopped = false;
  let againMs = AGAIN_MS;

  const see = (pod: PodFacts): void => {
    known.set(pod.name, pod);
    listener.onPod(pod);
  };
  const seeGone = (pod: PodFacts): void => {
    known.delete(pod.name);
    listener.onGone(pod);
  };
  const relist = async (): Promise<void> => {
    const listed = await list();
    if (stopped) return;
    const names = new Set(listed.pods.map((pod) => pod.name));
    for (const pod of [...known.values()]) if (!names.has(pod.name)) seeGone(pod);
    listed.pods.forEach(see);
    resourceVersion = listed.resourceVersion;
  };
  const take = (phase: string, object: unknown): void => {
    againMs = AGAIN_MS;
    const pod = podFacts(object);
    if (phase === "ERROR") resourceVersion = ""; // the history is gone: list again
    else if (phase === "BOOKMARK") resourceVersion = versionOf(object) ?? resourceVersion;
    else if (pod !== undefined && !stopped) {
      resourceVersion = pod.resourceVersion;
      if (phase === "DELETED") seeGone(pod);
      else see(pod);
    }
  };
  /** Resolves when the watch has ended, rejects when it broke. */
  const watchOnce = async (): Promise<void> => {
    const ended = Promise.withResolvers<void>();
    const done = (error: unknown): void =>
      error === null || error === undefined || isTimeout(error)
        ? ended.resolve()
        : ended.reject(error);
    const query = { labelSelector: selector, resourceVersion, allowWatchBookmarks: true };
    const controller = await watch.watch(path, query, take, done);
    await Promise.race([ended.promise, stopping.promise]);
    controller.abort();
  };
  const run = async (): Promise<void> => {
    while (!stopped) {
      try {
        if (resourceVersion === "") await relist();
        if (!stopped) await watchOnce();
      } catch (error) {
        if (stopped) return;
        if (isGone(error)) resourceVersion = "";
        else log.warn({ error, delay_ms: againMs }, "the watch of pods broke; it is started again");
        await Promise.race([pause(againMs), stopping.promise]);
        againMs = Math.min(againMs * 2, AGAIN_MS_MAX);
      }
    }
  };
  const running = run();
  return {
    async stop() {
      stopped = true;
      stopping.resolve();
      await running;
    },
  };
}

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => void setTimeout(resolve, ms).unref());

/** Nothing came for a while: the client looks whether the connection still lives. */
const isTimeout = (error: unknown): boolean =>
  error instanceof Error && error.name === "TimeoutError";

const isGone = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "statusCode" in error && error.statusCode === 410;

function versionOf(object: unknown): string | undefined {
  if (typeof object !== "object" || object === null || !("metadata" in object)) return undefined;
  const { metadata } = object;
  if (typeof metadata !== "object" || metadata === null || !("resourceVersion" in metadata))
    return undefined;
  return typeof metadata.resourceVersion === "string" ? metadata.resourceVersion : undefined;
}
