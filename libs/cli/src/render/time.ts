// Durations and instants for people, in as few characters as say it.

/** `340 ms`, `2.1 s`, `42 s`, `3m 12s`, `2h 05m`, `3d 4h`. */
export function formatSpan(ms: number): string {
  const rest = Math.max(0, ms);
  if (rest < 0.01) return "0 ms";
  if (rest < 1) return `${rest.toFixed(2).replace(/0$/, "")} ms`;
  if (rest < 999.5) return `${Math.round(rest)} ms`;
  if (rest < 9_950) return `${(rest / 1_000).toFixed(1)} s`;
  const seconds = Math.round(rest / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m ${pad(seconds % 60)}s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours}h ${pad(minutes % 60)}m`;
  return `${Math.floor(hours / 24)}d ${hours % 24}h`;
}

const pad = (n: number): string => String(n).padStart(2, "0");

/** `2026-10-06 19:00:03` in the reader's zone. */
export function formatInstant(ms: number, timezone?: string): string {
  const parts = Object.fromEntries(
    new Intl.DateTimeFormat("en-CA", {
      ...(timezone === undefined ? {} : { timeZone: timezone }),
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    })
      .formatToParts(ms)
      .map(({ type, value }) => [type, value]),
  );
  const { year, month, day, hour, minute, second } = parts;
  return `${year}-${month}-${day} ${hour}:${minute}:${second}`;
}

/** `19:00:03`, for lines that appear as things happen. */
export const formatClock = (ms: number, timezone?: string): string =>
  formatInstant(ms, timezone).slice(11);

/** `3 s ago`, `in 2 h 05 m`. */
export function formatDistance(ms: number, nowMs: number): string {
  const distance = ms - nowMs;
  return distance >= 0 ? `in ${formatSpan(distance)}` : `${formatSpan(-distance)} ago`;
}
