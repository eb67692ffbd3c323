// The door of @chasqui/dag/time: when schedules are due, without the rest of the language.

export { dateInZone, plusDays, rfc3339 } from "./dates.ts";
export { intervalsOf, occasionsOf, runsForOf } from "./interval.ts";
export type { Interval, Occasion, RunsForWord } from "./interval.ts";
export { jitterOf } from "./jitter.ts";
export { isTimed, timingOf } from "./timing.ts";
export { describeSchedule } from "./describe.ts";
export { summaryOf, summaryOfSchedule } from "./summary.ts";
export { startOfDay } from "./start-of-day.ts";
export { spanOf } from "./span.ts";
export type { Span } from "./span.ts";
export { nextTick, previousTick, timetableOf } from "./timetable.ts";
export type { Timetable, Timing } from "./timetable.ts";
