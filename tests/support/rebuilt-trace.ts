// Whether a run's trace, rebuilt from its history, is whole: no span twice, none without its parent.
import { create } from "@bufbuild/protobuf";
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  HistorySpans,
  parseTraceparent,
  storedEvent,
  storedRun,
} from "../../libs/chassis/src/index.ts";
import {
  HistoryEntrySchema,
  RunSchema,
  attemptIdOf,
  spanIdOf,
} from "../../libs/contracts/src/index.ts";

/** What is wrong with it, a line each. */
export function faultsOfTrace(
  runInit: MessageInitShape<typeof RunSchema>,
  entries: readonly MessageInitShape<typeof HistoryEntrySchema>[],
): string[] {
  const run = create(RunSchema, runInit);
  const { runId, parent, settledTime } = run;
  const rebuilt = new HistorySpans(storedRun(run));
  const spans = [
    ...entries.flatMap((entry) => rebuilt.add(storedEvent(create(HistoryEntrySchema, entry)))),
    ...rebuilt.end(),
  ].map(({ span }) => span);
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const twice = spans.length - ids.size;
  const outside = new Set([
    parseTraceparent(run.traceparent)?.spanId,
    parent === undefined ? undefined : spanIdOf(attemptIdOf(parent), "task"),
  ]);
  const orphans = spans.filter(
    ({ parentSpanId: id }) => id !== undefined && !ids.has(id) && !outside.has(id),
  );
  return [
    ...(twice === 0 ? [] : [`run ${runId}: ${twice} spans are given twice`]),
    // Of a run that goes on, what is not over has no span yet.
    ...(settledTime === undefined
      ? []
      : orphans.map(({ name }) => `run ${runId}: the parent of the span "${name}" is not there`)),
    ...spans
      .filter(({ startMs, endMs }) => startMs > endMs)
      .map(({ name }) => `run ${runId}: the span "${name}" ends before it starts`),
  ];
}
