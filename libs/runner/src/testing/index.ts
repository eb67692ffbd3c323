// For tests of runners: a bus in memory, a quiet log.
export { memoryBus, refOf } from "./memory-bus.ts";
export type { Assign, MemoryBus, Settled } from "./memory-bus.ts";
export { quietLog } from "./quiet-log.ts";
