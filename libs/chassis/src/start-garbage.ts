// A start leaves garbage: parsed files, descriptors, what the compiler thought. V8 gives such pages back when it
// next collects in earnest, which a service that mostly waits may not do for hours. So it is asked to, once,
// when the process has nothing to do: 5 to 10 of 80 MB for 40 ms that nobody waits for.
import { performance } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const LOOK_MS = 500;
/** A process that is busy from the start collects by itself. */
const LOOKS_MAX = 60;
const IDLE_UTILIZATION_MAX = 0.02;

export interface StartGarbageOptions {
  readonly collect?: () => void;
  /** The share of the time since the last look in which the event loop had something to do. */
  readonly utilization?: () => number;
}

/** Never keeps the process alive. Answers a function that calls it off. */
export function collectStartGarbageWhenIdle(options: StartGarbageOptions = {}): () => void {
  const { collect = collectAll, utilization = utilizationSinceLastLook() } = options;
  let looks = 0;
  const timer = setInterval(() => {
    const idle = utilization() <= IDLE_UTILIZATION_MAX;
    looks += 1;
    if (!idle && looks < LOOKS_MAX) return;
    clearInterval(timer);
    if (idle) collect();
  }, LOOK_MS).unref();
  return () => clearInterval(timer);
}

function utilizationSinceLastLook(): () => number {
  let before = performance.eventLoopUtilization();
  return () => {
    const { utilization } = performance.eventLoopUtilization(before);
    before = performance.eventLoopUtilization();
    return utilization;
  };
}

function collectAll(): void {
  setFlagsFromString("--expose-gc");
  const gc: unknown = runInNewContext("gc");
  setFlagsFromString("--no-expose-gc");
  // "last-resort" is the one flavour that also shrinks the heap
  if (typeof gc === "function") gc({ type: "major", execution: "async", flavor: "last-resort" });
}
