// Times, durations and causes in words. Pure: "now" is an argument.
import type { ApiRun, ApiTask } from "../src/api.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `3 min ago`, `in 2 h`; a date from a week on. */
export function relative(atMs: number, nowMs: number): string {
  const distance = Math.abs(nowMs - atMs);
  if (distance < 5 * SECOND) return "now";
  if (distance >= 7 * DAY) return day(atMs, nowMs);
  const words = coarse(distance);
  return atMs <= nowMs ? `${words} ago` : `in ${words}`;
}

function coarse(ms: number): string {
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h`;
  const days = Math.floor(ms / DAY);
  return days === 1 ? "1 day" : `${days} days`;
}

function day(atMs: number, nowMs: number): string {
  const at = new Date(atMs);
  const sameYear = at.getFullYear() === new Date(nowMs).getFullYear();
  return at.toLocaleDateString("en-GB", {
    day: "numeric",
    month: "short",
    ...(sameYear ? {} : { year: "numeric" }),
  });
}

/** `340 ms`, `12.4 s`, `3 min 20 s`, `1 h 05 min`, `2 d 3 h`. */
export function duration(ms: number): string {
  if (ms < SECOND) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 59.95 * SECOND) return `${(ms / SECOND).toFixed(1)} s`;
  const seconds = Math.round(ms / SECOND);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${two(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${two(minutes % 60)} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

const two = (value: number): string => String(value).padStart(2, "0");

/** In the reader's own zone, to the second. */
export function instant(iso: string): string {
  return new Date(iso).toLocaleString("en-GB", {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
}

/** In a schedule's zone: `Sun 22 Nov, 19:00`. */
export function inZone(iso: string, timezone: string): string {
  try {
    return new Date(iso).toLocaleString("en-GB", {
      timeZone: timezone,
      weekday: "short",
      day: "numeric",
      month: "short",
      hour: "2-digit",
      minute: "2-digit",
    });
  } catch {
    return instant(iso); // a zone that this browser does not know
  }
}

export function clockTime(iso: string): string {
  return new Date(iso).toLocaleTimeString("en-GB", { hour12: false });
}

/** How long a run or task took, or takes until now; undefined before it began. */
export function elapsedMs(
  of: { readonly startedTime?: string; readonly endTime?: string | undefined },
  nowMs: number,
): number | undefined {
  if (of.startedTime === undefined) return undefined;
  const endMs = of.endTime === undefined ? nowMs : Date.parse(of.endTime);
  return Math.max(0, endMs - Date.parse(of.startedTime));
}

export function causeText({ cause }: Pick<ApiRun, "cause">): string {
  switch (cause.kind) {
    case "schedule":
      return "schedule";
    case "trigger":
      return cause.by === "" ? "trigger" : `trigger ${cause.by}`;
    case "manual":
      return cause.by === "" || cause.by === "anonymous"
        ? "by hand"
        : `by ${cause.by.replace(/^user:/, "")}`;
    case "parent":
      return `task ${cause.by}`;
    default:
      return cause.by;
  }
}

/** The run's own short name: enough of the id to tell it apart, and to ask for it. */
export const shortId = (runId: string): string => runId.slice(0, 12);

/** A task's name in its run; mapped instances are told apart by their index. */
export const keyOf = (task: Pick<ApiTask, "taskId" | "mapIndex">): string =>
  task.mapIndex === undefined ? task.taskId : `${task.taskId}[${task.mapIndex}]`;

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;

/** Escape sequences of terminals are for terminals. */
// oxlint-disable-next-line no-control-regex
export const withoutAnsi = (text: string): string =>
  text.replaceAll(/\u001b\[[0-9;]*[A-Za-z]/g, "");
