// A schedule in words, for people who did not write it.
import type { Schedule } from "@chasqui/contracts";
import { formatDuration } from "../text/duration.ts";
import type { CronPattern } from "./cron-pattern.ts";
import { formatExclusion } from "./exclusions.ts";
import { readCronPattern } from "./timetable.ts";
import { timingOf } from "./timing.ts";

const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = [
  ...["January", "February", "March", "April", "May", "June", "July", "August", "September"],
  ...["October", "November", "December"],
];
const CLOCKS_NAMED_MAX = 6;
const EXCLUDES_NAMED_MAX = 3;

/** One sentence without its full stop: `at 19:00 every day, America/Bogota`. */
export function describeSchedule(schedule: Schedule): string {
  const timing = timingOf(schedule);
  if (timing === undefined) return "not by the clock";
  const { everyMs, anchorMs, dates, excludes } = timing;
  const whens = [
    ...timing.crons.map(describeCron),
    ...(everyMs === undefined
      ? []
      : [`every ${formatDuration(everyMs)} from ${new Date(anchorMs ?? 0).toISOString()}`]),
    ...(dates.length === 0 ? [] : [`on ${listed(dates, CLOCKS_NAMED_MAX)}`]),
    ...(timing.once === undefined ? [] : ["once"]),
    ...(timing.continuous === undefined ? [] : ["again whenever the run before has ended"]),
  ];
  return [
    `${whens.join("; and ")}, ${timing.timezone}`,
    ...(schedule.start === "" ? [] : [`from ${schedule.start}`]),
    ...(schedule.end === "" ? [] : [`until ${schedule.end}`]),
    ...(excludes.length === 0
      ? []
      : [`except ${listed(excludes.map(formatExclusion), EXCLUDES_NAMED_MAX)}`]),
    ...(schedule.jitter === undefined
      ? []
      : [`up to ${formatDuration(Number(schedule.jitter.seconds) * 1_000)} late, by tick`]),
  ].join(", ");
}

/** `at 08:00 and 18:00 on Monday to Friday`. */
export function describeCron(cron: string): string {
  const pattern = readCronPattern(cron);
  return [describeClock(pattern), describeDays(cron, pattern), describeMonths(pattern)]
    .filter((part) => part !== "")
    .join(" ");
}

const pad = (n: number): string => String(n).padStart(2, "0");

function describeClock({ seconds, minutes, hours }: CronPattern): string {
  const onMinute = seconds.length === 1 && seconds[0] === 0;
  const clocks = hours.length * minutes.length;
  if (onMinute && clocks <= CLOCKS_NAMED_MAX && hours.length < 24)
    return `at ${joined(hours.flatMap((hour) => minutes.map((minute) => `${pad(hour)}:${pad(minute)}`)))}`;
  const within = hours.length === 24 ? "" : ` in the hours ${spans(hours, pad)}`;
  if (!onMinute) {
    const each = repeated(seconds, 60, "second") ?? `at second ${spans(seconds, String)}`;
    const of = minutes.length === 60 ? "" : ` of minute ${spans(minutes, String)}`;
    return `${each}${of}${within}`;
  }
  return `${repeated(minutes, 60, "minute") ?? everyHourAt(minutes)}${within}`;
}

const everyHourAt = (minutes: readonly number[]): string =>
  minutes.length === 1 && minutes[0] === 0
    ? "every hour"
    : `every hour at minute ${spans(minutes, String)}`;

/** `every 15 minutes` for 0, 15, 30, 45; nothing for values that are not evenly spread. */
function repeated(values: readonly number[], size: number, unit: string): string | undefined {
  const step = size / values.length;
  if (!values.every((value, index) => value === index * step) || values.length < 2)
    return undefined;
  return step === 1 ? `every ${unit}` : `every ${step} ${unit}s`;
}

function describeDays(cron: string, { dayJoin }: CronPattern): string {
  const [dayField = "*", , weekdayField = "*"] = cron.split(" ").slice(-3);
  const days = /^[*?]$/.test(dayField) ? "" : monthDays(dayField);
  const weekdays = /^[*?]$/.test(weekdayField) ? "" : weekdayWords(weekdayField);
  if (days === "" && weekdays === "") return "every day";
  if (dayJoin === undefined) return `on ${days}${weekdays}`;
  return dayJoin === "or" ? `on ${days} (or) on ${weekdays}` : `on ${days} if it is ${weekdays}`;
}

function monthDays(field: string): string {
  const words = field.split(",").map((part) => {
    if (part === "L") return "the last day";
    if (part === "LW") return "the last weekday";
    if (part.endsWith("W")) return `the weekday nearest to day ${part.slice(0, -1)}`;
    const [, step] = /^\*\/(\d+)$/.exec(part) ?? [];
    return step === undefined
      ? `day ${part.replace("-", " to ")}`
      : `every ${ordinal(Number(step))} day`;
  });
  return `${joined(words)} of the month`;
}

function weekdayWords(field: string): string {
  const name = (text: string): string => {
    const index = /^\d$/.test(text)
      ? Number(text) % 7
      : WEEKDAYS.findIndex((day) => day.slice(0, 3).toUpperCase() === text);
    return WEEKDAYS[index] ?? text;
  };
  const words = field
    .replace(/^\+/, "")
    .split(",")
    .map((part) => {
      const [, day = "", nth] = /^(\w+)#(\d|L)$/.exec(part) ?? [];
      if (nth !== undefined)
        return `the ${nth === "L" ? "last" : ordinal(Number(nth))} ${name(day)}`;
      const [, last] = /^(\d|[A-Z]{3})L$/.exec(part) ?? [];
      if (last !== undefined) return `the last ${name(last)}`;
      const [from = "", to] = part.split("-");
      return to === undefined ? name(from) : `${name(from)} to ${name(to)}`;
    });
  return joined(words);
}

const describeMonths = ({ months }: CronPattern): string =>
  months.length === 12 ? "" : `in ${spans(months, (month) => MONTHS[month] ?? "")}`;

function ordinal(n: number): string {
  return `${n}${["th", "st", "nd", "rd"][n % 100 > 3 && n % 100 < 21 ? 0 : n % 10] ?? "th"}`;
}

/** `8 to 18`, `1, 15 and 20`. */
function spans(values: readonly number[], show: (value: number) => string): string {
  const groups: [number, number][] = [];
  for (const value of values) {
    const last = groups.at(-1);
    if (last !== undefined && last[1] === value - 1) last[1] = value;
    else groups.push([value, value]);
  }
  return joined(
    groups.flatMap(([from, to]) => {
      if (to - from < 2) return (from === to ? [from] : [from, to]).map(show);
      return [`${show(from)} to ${show(to)}`];
    }),
  );
}

function joined(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} and ${last}`;
}

function listed(words: readonly string[], max: number): string {
  const shown = words.slice(0, max);
  return words.length <= max ? joined(shown) : `${shown.join(", ")} and ${words.length - max} more`;
}
