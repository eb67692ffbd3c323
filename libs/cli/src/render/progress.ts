// A backfill's progress in one line: `[████████░░░░░░░░░░░░] 3 of 7 · 2 running · 1 failed`.
const WIDTH = 24;

/** States of dates that wait or are at work; the others are ends. */
const OPEN = ["waiting", "starting", "running"];
const ENDS = ["succeeded", "failed", "cancelled", "refused", "skipped", "abandoned"];

export interface Progress {
  readonly done: number;
  readonly total: number;
}

export function progressOf(counts: Readonly<Record<string, number>>): Progress {
  const total = Object.values(counts).reduce((sum, n) => sum + n, 0);
  const open = OPEN.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
  return { done: total - open, total };
}

export function renderProgress(counts: Readonly<Record<string, number>>): string {
  const { done, total } = progressOf(counts);
  const full = total === 0 ? WIDTH : Math.floor((done / total) * WIDTH);
  const bar = `[${"█".repeat(full)}${"░".repeat(WIDTH - full)}]`;
  const words = [...OPEN, ...ENDS].flatMap((state) => {
    const n = counts[state] ?? 0;
    return n === 0 ? [] : [`${n} ${state}`];
  });
  return [`${bar} ${done} of ${total}`, ...words].join(" · ");
}
