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
  return new PodInformer(options, listener);
}

class PodInformer implements Watching {
  readonly #options: InformerOptions;
  readonly #listener: PodListener;
  readonly #watch: Watch;
  readonly #known = new Map<string, PodFacts>();
  readonly #stopping = Promise.withResolvers<void>();
  readonly #running: Promise<void>;
  #resourceVersion = "";
  #stopped = false;
  #againMs = AGAIN_MS;

  constructor(options: InformerOptions, listener: PodListener) {
    this.#options = options;
    this.#listener = listener;
    this.#watch = new Watch(options.config);
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopping.resolve();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      try {
        if (this.#resourceVersion === "") await this.#relist();
        const beganMs = performance.now();
        if (!this.#stopped) await this.#watchOnce();
        // A server that ends every watch at once is not asked in a tight loop.
        if (performance.now() - beganMs < AGAIN_MS) await pause(AGAIN_MS);
      } catch (error) {
        if (!this.#stopped) await this.#rest(error);
      }
    }
  }

  async #rest(error: unknown): Promise<void> {
    const fields = { error, delay_ms: this.#againMs };
    if (isGone(error)) this.#resourceVersion = "";
    else this.#options.log.warn(fields, "the watch of pods broke; it is started again");
    await Promise.race([pause(this.#againMs), this.#stopping.promise]);
    this.#againMs = Math.min(this.#againMs * 2, AGAIN_MS_MAX);
  }

  async #relist(): Promise<void> {
    const listed = await this.#options.list();
    if (this.#stopped) return;
    const names = new Set(listed.pods.map((pod) => pod.name));
    for (const pod of [...this.#known.values()]) if (!names.has(pod.name)) this.#seeGone(pod);
    for (const pod of listed.pods) this.#see(pod);
    this.#resourceVersion = listed.resourceVersion;
  }

  /** Resolves when the watch has ended, rejects when it broke. */
  async #watchOnce(): Promise<void> {
    const { path, selector } = this.#options;
    const ended = Promise.withResolvers<void>();
    const done = (error: unknown): void =>
      error === null || error === undefined || isTimeout(error)
        ? ended.resolve()
        : ended.reject(error);
    const resourceVersion = this.#resourceVersion;
    const query = { labelSelector: selector, resourceVersion, allowWatchBookmarks: true };
    const take = (phase: string, object: unknown): void => this.#take(phase, object);
    const controller = await this.#watch.watch(path, query, take, done);
    await Promise.race([ended.promise, this.#stopping.promise]);
    controller.abort();
  }

  #take(phase: string, object: unknown): void {
    this.#againMs = AGAIN_MS;
    const pod = podFacts(object);
    if (phase === "ERROR")
      this.#resourceVersion = ""; // the history is gone: list again
    else if (phase === "BOOKMARK")
      this.#resourceVersion = versionOf(object) ?? this.#resourceVersion;
    else if (pod !== undefined && !this.#stopped) {
      this.#resourceVersion = pod.resourceVersion;
      if (phase === "DELETED") this.#seeGone(pod);
      else this.#see(pod);
    }
  }

  #see(pod: PodFacts): void {
    this.#known.set(pod.name, pod);
    this.#listener.onPod(pod);
  }

  #seeGone(pod: PodFacts): void {
    this.#known.delete(pod.name);
    this.#listener.onGone(pod);
  }
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
