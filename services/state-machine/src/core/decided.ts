// The verdict on an order that comes again: what a person asked for, and may have taken back since by asking for
// something else. That it was decided is told by the history of its run, or by the audit (inbound.ts).
import type { Decided } from "@chasqui/machine";

export const DECIDED = "it was decided before";

export const decidedBefore: Decided = {
  decision: { kind: "nothing", why: DECIDED, strays: [] },
  events: [],
};
