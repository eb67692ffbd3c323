// The commands that need no server, loaded as one: every file of its own is another millisecond before they begin.
export { newDag } from "./new.ts";
export { planDag } from "./plan.ts";
export { preview } from "./schedule-preview.ts";
export { simulateDag } from "./simulate.ts";
export { validate } from "./validate.ts";
