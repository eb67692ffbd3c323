// Wall-clock times that come due, as instants: what becomes of those that a change of the clock jumps over (gap) or
// that come twice (fold). Segment by segment of the zone, so that the order of real time is kept.
// Invariants (each has a property test of the same name):
//   C1. Every instant found shows a wanted wall-clock time, or is the first instant after a gap that held one.
//   C2. A wanted time outside gaps and folds comes exactly once; in a fold once, or twice with `both`.
//   C3. Instants rise strictly.
import { segmentAt } from "./zone-segments.ts";
import type { Segment } from "./zone-segments.ts";

/** `shift`: the first instant after the gap. `skip`: not at all. */
export type GapPolicy = "shift" | "skip";
export type FoldPolicy = "first" | "both" | "last";

export interface ChangePolicy {
  readonly gap: GapPolicy;
  readonly fold: FoldPolicy;
}

/** The first wanted wall-clock time from a moment on; undefined when there is none any more. */
export type NextWall = (fromWallMs: number) => number | undefined;

const SECOND_MS = 1_000;

/** The first instant strictly after `afterMs` at which a wanted wall-clock time comes due. */
export function nextInstant(
  timezone: string,
  wanted: NextWall,
  { gap, fold }: ChangePolicy,
  afterMs: number,
): number | undefined {
  let fromMs = Math.floor(afterMs / SECOND_MS) * SECOND_MS + SECOND_MS;
  for (;;) {
    const segment = segmentAt(timezone, fromMs);
    if (segment === undefined) return undefined;
    const wallMs = wanted(firstWall(segment, fold, fromMs));
    if (wallMs !== undefined && wallMs < endWall(segment, fold)) return wallMs - segment.offsetMs;
    if (gap === "shift" && hasInGap(segment, wanted)) return segment.endMs;
    if (wallMs === undefined && wanted(segment.endMs + segment.offsetAfterMs) === undefined)
      return undefined;
    fromMs = segment.endMs;
  }
}

/** Where a segment's wall-clock times begin to count: after those that the segment before had already. */
function firstWall(segment: Segment, fold: FoldPolicy, fromMs: number): number {
  const { startMs, offsetMs, offsetBeforeMs } = segment;
  const fromWallMs = fromMs + offsetMs;
  return fold === "first" ? Math.max(fromWallMs, startMs + offsetBeforeMs) : fromWallMs;
}

/** Where they end to count: before those that the next segment has again. */
function endWall({ endMs, offsetMs, offsetAfterMs }: Segment, fold: FoldPolicy): number {
  return endMs + (fold === "last" ? Math.min(offsetMs, offsetAfterMs) : offsetMs);
}

/** Does the change at the segment's end jump over a wanted time? */
function hasInGap({ endMs, offsetMs, offsetAfterMs }: Segment, wanted: NextWall): boolean {
  if (offsetAfterMs <= offsetMs) return false;
  const wallMs = wanted(endMs + offsetMs);
  return wallMs !== undefined && wallMs < endMs + offsetAfterMs;
}
