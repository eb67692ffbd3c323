// Crons over every change of the clock in the table, against an oracle that asks Intl and croner minute by minute.
import { Cron } from "croner";
import { expect, test } from "vitest";
import type { ChangePolicy } from "./clock-changes.ts";
import { cronPatternOf } from "./cron-pattern.ts";
import { policyOf, timetableOf } from "./timetable.ts";
import type { Timing } from "./timetable.ts";
import { zoneChanges } from "./zone-changes.table.ts";

const MINUTE = 60_000;
const WINDOW = 4 * 60 * MINUTE;

const policies = [
  {},
  ...(["shift", "skip"] as const).flatMap((gap) =>
    (["first", "both", "last"] as const).map((fold) => ({ gap, fold })),
  ),
];
/** Beside these, one whose time of day is inside the gap or fold. */
const crons = ["0 * * * *", "*/15 * * * *", "10 */2 * * *", "20,50 0-3 * * *", "0 0 * * *"];

interface Change {
  readonly ms: number;
  /** What the clock shows each minute, and how often. */
  readonly shown: ReadonlyMap<number, readonly number[]>;
}

function changeOf(timezone: string, row: string): Change {
  const ms = Date.parse(row.split(" ")[0] ?? "");
  const clock = new Intl.DateTimeFormat("sv-SE", {
    timeZone: timezone,
    dateStyle: "short",
    timeStyle: "medium",
  });
  const shown = new Map<number, number[]>();
  for (let at = ms - WINDOW; at <= ms + WINDOW; at += MINUTE) {
    const wallMs = Date.parse(`${clock.format(at).replace(" ", "T")}Z`);
    shown.set(wallMs, [...(shown.get(wallMs) ?? []), at]);
  }
  return { ms, shown };
}

/** Wall-clock times around the change, shown or jumped over, that a cron matches. */
function matchedWalls({ shown }: Change, cron: string): number[] {
  const matcher = new Cron(cron, { timezone: "UTC", paused: true });
  const walls = [...shown.keys()];
  const [first, last] = [Math.min(...walls), Math.max(...walls)];
  const matched: number[] = [];
  let at = matcher.nextRun(new Date(first - 1_000));
  for (; at !== null && at.getTime() <= last; at = matcher.nextRun(at)) matched.push(at.getTime());
  return matched;
}

/** The instants at which they are due, by the words of the policies. */
function expected({ ms, shown }: Change, walls: readonly number[], policy: ChangePolicy): string[] {
  const { gap, fold } = policy;
  const found = new Set<number>();
  for (const wallMs of walls) {
    const at = shown.get(wallMs) ?? [];
    if (at.length === 0 && gap === "shift") found.add(ms);
    if (at.length > 0 && (at.length === 1 || fold !== "last")) found.add(at[0] ?? NaN);
    if (at.length > 1 && fold !== "first") found.add(at[1] ?? NaN);
  }
  return [...found].toSorted((a, b) => a - b).map(iso);
}

const iso = (ms: number): string => new Date(ms).toISOString();

function found(change: Change, timing: Timing): string[] {
  const timetable = timetableOf(timing);
  const ticks: string[] = [];
  for (let at = change.ms - WINDOW - 1; ;) {
    const next = timetable.next(at);
    if (next === undefined || next > change.ms + WINDOW) return ticks;
    ticks.push(iso(next));
    at = next;
  }
}

/** A daily time in the middle of what is jumped over or comes twice. */
function affected({ ms }: Change, row: string): string {
  const minutesOf = (text: string): number => {
    const [hours = "", minutes = ""] = text.slice(1).split(":");
    return (Number(hours) * 60 + Number(minutes)) * (text.startsWith("-") ? -1 : 1);
  };
  const [, before = "", after = ""] = row.split(" ");
  const wall = new Date(ms + ((minutesOf(before) + minutesOf(after)) / 2) * MINUTE);
  return `${wall.getUTCMinutes()} ${wall.getUTCHours()} * * *`;
}

const rows = Object.entries(zoneChanges).flatMap(([zone, changes]) =>
  changes.map((row): [string, string] => [zone, row]),
);

test.each(rows)("%s %s", (timezone, row) => {
  const change = changeOf(timezone, row);
  for (const cron of [...crons, affected(change, row)]) {
    const walls = matchedWalls(change, cron);
    for (const said of policies) {
      const timing: Timing = { timezone, crons: [cron], dates: [], excludes: [], ...said };
      const policy = policyOf(timing, cronPatternOf(cron));
      expect(found(change, timing), `${cron} ${JSON.stringify(said)}`).toEqual(
        expected(change, walls, policy),
      );
    }
  }
});

test.each(["America/Bogota", "Asia/Kathmandu", "America/Sao_Paulo"])(
  "%s has no changes: a fixed hour is at the same time of day all year",
  (timezone) => {
    const timetable = timetableOf({ timezone, crons: ["30 2 * * *"], dates: [], excludes: [] });
    let at = timetable.next(Date.UTC(2020, 0)) ?? NaN;
    for (let day = 0; day < 16 * 365; day++) {
      const next = timetable.next(at) ?? NaN;
      expect(next - at).toBe(24 * 60 * MINUTE);
      at = next;
    }
  },
);
