// Durations of the protobuf form as the numbers that everything else counts with.
import type { Duration } from "@bufbuild/protobuf/wkt";

/** Milliseconds of a protobuf duration; 0 when absent. */
export const millisOf = (duration: Duration | undefined): number =>
  duration === undefined ? 0 : Number(duration.seconds) * 1_000 + duration.nanos / 1_000_000;
