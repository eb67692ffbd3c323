// All our pods, each with its minder: fed by the watch, corrected by lists, looked at again as time passes.
// Invariant: a pod counts as gone only when the watch said so, or when a list that began after it was seen does not
// show it and asking for it by name does not find it.
import type { AttemptRef, JobReports } from "@chasqui/runner";
import { ANNOTATIONS, readNote } from "./core/note.ts";
import type { PodFacts } from "./core/pod.ts";
import { PodMinder } from "./pod-minder.ts";
import type { MinderDeps } from "./pod-minder.ts";
import type { Cluster, Watching } from "./ports/cluster.ts";

/** Timeouts, leases and what failed are looked at this often. */
const TICK_MS = 5_000;

export interface PodWatch {
  minderOf(attemptId: string): PodMinder | undefined;
  /** What a list shows is the truth about what was seen before it began. */
  reconcile(pods: readonly PodFacts[], began: ListBegan): Promise<void>;
  /** To be called before a list is asked for. */
  beginList(): ListBegan;
  stop(): Promise<void>;
  readonly size: number;
}

export interface ListBegan {
  readonly known: ReadonlySet<string>;
}

export function watchAttempts(
  deps: Omit<MinderDeps, "reports"> & { readonly cluster: Cluster },
  reports: JobReports,
): PodWatch {
  const { cluster, log } = deps;
  const minders = new Map<string, PodMinder>();

  const see = (pod: PodFacts): PodMinder | undefined => {
    const known = minders.get(pod.name);
    if (known !== undefined) {
      known.saw(pod);
      return known;
    }
    const note = readNote(pod.annotations[ANNOTATIONS.note]);
    if (note === undefined || note.attemptId !== pod.name) {
      log.warn({ pod: pod.name }, "a pod carries our labels but no attempt; it is left alone");
      return undefined;
    }
    const minder = new PodMinder({ ...deps, reports }, pod, note);
    minders.set(pod.name, minder);
    minder.look();
    return minder;
  };
  const seeGone = (pod: PodFacts): void => {
    const minder = minders.get(pod.name) ?? see(pod);
    minder?.sawGone(pod);
  };
  const tick = (): void => {
    for (const [name, minder] of minders) {
      if (minder.isDone) minders.delete(name);
      else minder.look();
    }
  };

  const watching: Watching = cluster.watch({ onPod: (pod) => void see(pod), onGone: seeGone });
  const timer = setInterval(tick, TICK_MS).unref();
  return {
    minderOf: (attemptId) => minders.get(attemptId),
    beginList: () => ({ known: new Set(minders.keys()) }),
    async reconcile(pods, { known }) {
      const listed = new Set(pods.map((pod) => pod.name));
      for (const pod of pods) {
        const minder = minders.get(pod.name);
        if (minder === undefined) see(pod);
        else if (minder.pod.resourceVersion === pod.resourceVersion) minder.look();
        else {
          // The list may be older than what the watch said: only a read of its own decides.
          const fresh = await cluster.get(pod.name);
          if (fresh !== undefined) minder.saw(fresh);
        }
      }
      for (const name of known) {
        if (listed.has(name)) continue;
        const minder = minders.get(name);
        if (minder !== undefined && (await cluster.get(name)) === undefined)
          minder.sawGone(undefined);
      }
    },
    async stop() {
      clearInterval(timer);
      await watching.stop();
      await Promise.all(
        [...minders.values()].map((minder) => minder.leave().catch(() => undefined)),
      );
    },
    get size() {
      return minders.size;
    },
  };
}

export const refOf = (pod: PodFacts): AttemptRef | undefined => {
  const note = readNote(pod.annotations[ANNOTATIONS.note]);
  if (note === undefined) return undefined;
  const { runId, taskId, mapIndex, attempt, attemptId } = note;
  const traceparent = pod.annotations[ANNOTATIONS.traceparent];
  return { runId, taskId, mapIndex, attempt, attemptId, traceparent };
};
