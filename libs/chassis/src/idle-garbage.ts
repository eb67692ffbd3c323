// A start leaves garbage (parsed files, descriptors, what the compiler thought), and so does a burst of work. V8 gives
// such pages back when it next collects in earnest, which a service that mostly waits may not do for hours. So it is
// asked to when the process has nothing to do: once after the start (5 to 10 of 80 MB for 40 ms that nobody waits
// for), and again whenever it has grown by a burst's worth since. Nothing to do is more than a pause: a large heap takes
// half a second, and whoever works every second would be late for it.
import { performance } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const LOOK_MS = 500;
/** Between two looks, and on average: who looks after something every two seconds for ten milliseconds is idle. */
const IDLE_UTILIZATION_MAX = 0.1;
const IDLE_MEAN_MAX = 0.02;
/**
 * So many looks in a row find nothing to do: ten seconds, then it is no pause between two pieces of work. What is given
 * back too early is fetched again: with two seconds that was a quarter of the CPU time of a start.
 */
const IDLE_LOOKS = 20;
/** Less is not worth a collection, and of a large heap less than a part of it. */
const GROWN_BYTES_MIN = 24 * 1024 * 1024;
const GROWN_PART_MIN = 0.25;

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
  let looks: number[] = []; // the last ones, since it was busy
  const timer = setInterval(() => {
    const used = utilization();
    looks = used <= IDLE_UTILIZATION_MAX ? [...looks.slice(1 - IDLE_LOOKS), used] : [];
    if (looks.length === 0) return;
    if (isSettling) {
      floorBytes = rssBytes(); // one idle look after a collection: what is left is what is needed
      isSettling = false;
    } else if (isIdle(looks) && rssBytes() > floorBytes + grownMin(floorBytes)) {
      collect();
      isSettling = true;
    }
  }, LOOK_MS).unref();
  return () => clearInterval(timer);
}

const isIdle = (looks: readonly number[]): boolean =>
  looks.length === IDLE_LOOKS &&
  looks.reduce((sum, used) => sum + used, 0) <= IDLE_MEAN_MAX * IDLE_LOOKS;

const grownMin = (floorBytes: number): number =>
  Math.max(GROWN_BYTES_MIN, floorBytes * GROWN_PART_MIN);

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
