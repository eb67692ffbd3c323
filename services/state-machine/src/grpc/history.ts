// A run's history as people read it: one entry per event.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { HistoryEntrySchema } from "@chasqui/contracts";
import type { Recorded } from "@chasqui/machine";
import { isObject } from "../say/events.ts";
import type { runEvent } from "../store/schema.ts";

type Row = typeof runEvent.$inferSelect;

/** The recorded events of the rows, oldest first. */
export const recordedOf = (rows: readonly Row[]): Recorded[] =>
  rows.flatMap(({ events }) => JSON.parse(events) as Recorded[]);

export function historyEntries(
  rows: readonly Row[],
): MessageInitShape<typeof HistoryEntrySchema>[] {
  return rows.flatMap(({ version, events }) =>
    (JSON.parse(events) as Recorded[]).map(({ atMs, cause, event }, index) => {
      const { type, ...fields } = event;
      const data: unknown = JSON.parse(JSON.stringify(fields));
      return {
        version,
        index,
        time: timestampFromMs(atMs),
        type,
        cause,
        ...(isObject(data) ? { data } : {}),
      };
    }),
  );
}
