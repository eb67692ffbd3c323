// A start leaves garbage (parsed files, descriptors, what the compiler thought), and so does a burst of work. V8 gives
// such pages back when it next collects in earnest, which a service that mostly waits may not do for hours. So it is
// asked to when the process has nothing to do: once after the start (5 to 10 of 80 MB for 40 ms that nobody waits
// for), and again whenever it has grown by a burst's worth since.
import { performance } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const LOOK_MS = 500;
const IDLE_UTILIZATION_MAX = 0.02;
/** Less is not worth a collection. */
const GROWN_BYTES_MIN = 24 * 1024 * 1024;

export interface IdleGarbageOptions {
  readonly collect?: () => void;
  /** The share of the time since the last look in which the event loop had something to do. */
  readonly utilization?: () => number;
  readonly rssBytes?: () => number;
}

/** Never keeps the process alive. Answers a function that calls it off. */
export function collectGarbageWhenIdle(options: IdleGarbageOptions = {}): () => void {
  const { collect = collectAll, utilization = utilizationSinceLastLook() } = options;
  const { rssBytes = () => process.memoryUsage.rss() } = options;
  let floorBytes = -Infinity; // the start is always a burst
  let isSettling = false;
  const timer = setInterval(() => {
    const isIdle = utilization() <= IDLE_UTILIZATION_MAX;
    if (!isIdle) return;
    if (isSettling) {
      floorBytes = rssBytes(); // one idle look after a collection: what is left is what is needed
      isSettling = false;
    } else if (rssBytes() > floorBytes + GROWN_BYTES_MIN) {
      collect();
      isSettling = true;
    }
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
