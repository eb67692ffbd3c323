// Wall-clock time as a number: the milliseconds that UTC would show at those hands. Arithmetic on it knows no zone.

export interface WallFields {
  readonly year: number;
  /** From 0. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

export function wallFields(wallMs: number): WallFields {
  const date = new Date(wallMs);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth(),
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
  };
}

export const daysInMonth = (year: number, month: number): number =>
  new Date(Date.UTC(year, month + 1, 0)).getUTCDate();

/** 0 is Sunday. */
export const weekdayOf = (year: number, month: number, day: number): number =>
  new Date(Date.UTC(year, month, day)).getUTCDay();

/** `2026-10-06 02:30`, with seconds when there are any. */
export function formatWall(wallMs: number): string {
  const text = new Date(wallMs).toISOString();
  return `${text.slice(0, 10)} ${formatWallClock(wallMs)}`;
}

/** `02:30`, with seconds when there are any. */
export function formatWallClock(wallMs: number): string {
  const clock = new Date(wallMs).toISOString().slice(11, 19);
  return clock.endsWith(":00") ? clock.slice(0, 5) : clock;
}

const WALL = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::(\d{2}))?)?$/;

/** A date or a local time without an offset, such as 2026-10-06 or 2026-10-06T19:00; undefined when it is none. */
export function parseWall(text: string): number | undefined {
  const [, date, clock = "00:00", seconds = "00"] = WALL.exec(text) ?? [];
  if (date === undefined) return undefined;
  const iso = `${date}T${clock}:${seconds}`;
  const ms = Date.parse(`${iso}Z`);
  // Date.parse takes 2026-02-31 for 3 March
  return Number.isFinite(ms) && new Date(ms).toISOString().startsWith(iso) ? ms : undefined;
}
