// The timing of a schedule, by the name that this service's core knows it.
export type { Timing } from "@chasqui/dag/time";
