// The next ticks of a schedule for people: in words, in local time and in UTC.
import { describeSchedule, rfc3339 } from "@chasqui/dag";
import type { Preview } from "@chasqui/dag";
import type { DagSpec } from "@chasqui/contracts";
import { renderTable } from "./table.ts";
import type { Style } from "./style.ts";
import { formatDistance } from "./time.ts";

export function renderSchedule(
  { id, schedule }: DagSpec,
  { ticks, end }: Preview,
  { nowMs, style }: { readonly nowMs: number; readonly style: Style },
): string[] {
  const timezone = schedule?.timezone ?? "UTC";
  const rows = ticks.map(({ ms, local, note, warns }) => [
    `${words(ms, timezone)} ${local.slice(19)}`,
    rfc3339(ms),
    formatDistance(ms, nowMs),
    warns ? style.yellow(`⚠ ${note}`) : note,
  ]);
  const columns = ["LOCAL TIME", "UTC", "", "NOTE"].map((title) => ({ title }));
  return [
    `${id}: ${schedule === undefined ? "" : describeSchedule(schedule)}`,
    ...(rows.length === 0 ? [] : renderTable(columns, rows, { style, width: Infinity })),
    ...(end === "" ? [] : [end]),
  ];
}

/** `Tuesday 6 October 2026, 19:00`. */
function words(ms: number, timezone: string): string {
  const date = new Intl.DateTimeFormat("en-GB", {
    timeZone: timezone,
    weekday: "long",
    day: "numeric",
    month: "long",
    year: "numeric",
  }).format(ms);
  const clock = new Intl.DateTimeFormat("en-GB", {
    timeZone: timezone,
    hourCycle: "h23",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  }).format(ms);
  return `${date}, ${clock.endsWith(":00") ? clock.slice(0, 5) : clock}`;
}
