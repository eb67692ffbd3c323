// A start leaves garbage: parsed files, descriptors, what the compiler thought. V8 gives such pages back when it
// next collects in earnest, which a service that mostly waits may not do for hours. So it is asked to, once,
// when the process has nothing to do: 4 of 70 MB for 40 ms that nobody waits for.
import { performance } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const LOOK_MS = 500;
/** A process that is busy from the start collects by itself. */
const LOOKS_MAX = 60;
const IDLE_UTILIZATION_MAX = 0.02;

export interface StartGarbageOptions {
  readonly everyMs?: number;
  readonly collect?: () => void;
}

/** Never keeps the process alive. Answers a function that calls it off. */
export function collectStartGarbageWhenIdle(options: StartGarbageOptions = {}): () => void {
  const { everyMs = LOOK_MS, collect = collectAll } = options;
  let looks = 0;
  let before = performance.eventLoopUtilization();
  const timer = setInterval(() => {
    const { utilization } = performance.eventLoopUtilization(before);
    before = performance.eventLoopUtilization();
    looks += 1;
    if (utilization > IDLE_UTILIZATION_MAX && looks < LOOKS_MAX) return;
    clearInterval(timer);
    if (utilization <= IDLE_UTILIZATION_MAX) collect();
  }, everyMs).unref();
  return () => clearInterval(timer);
}

function collectAll(): void {
  setFlagsFromString("--expose-gc");
  const gc: unknown = runInNewContext("gc");
  setFlagsFromString("--no-expose-gc");
  // "last-resort" is the one flavour that also shrinks the heap
  if (typeof gc === "function") gc({ type: "major", execution: "async", flavor: "last-resort" });
}
