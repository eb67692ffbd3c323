// Waiting for a moment. Pure.
import type { Seen } from "../wait.ts";
import { localIn } from "../zone.ts";

export interface TimeConfig {
  /** The moment; absent until the run's logical time is known. */
  readonly untilMs: number | undefined;
  /** After the run's logical time. */
  readonly delayMs: number | undefined;
  /** In which it is shown. */
  readonly timezone: string;
}

export const settleTime = (config: TimeConfig, logicalMs: number): TimeConfig => ({
  ...config,
  untilMs: config.untilMs ?? logicalMs + (config.delayMs ?? 0),
});

export const momentOf = ({ untilMs = 0, timezone }: TimeConfig): string =>
  localIn(untilMs, timezone);

/** A moment beyond the deadline can never be seen: said at once, rather than after a wait in vain. */
export function judgeTime(
  config: TimeConfig,
  { nowMs, deadlineMs }: { readonly nowMs: number; readonly deadlineMs: number },
): Seen {
  const { untilMs = 0, timezone } = config;
  const moment = momentOf(config);
  if (nowMs >= untilMs) {
    const time = new Date(untilMs).toISOString().replace(".000Z", "Z");
    return { is: "there", note: `it is ${moment}`, output: { time } };
  }
  if (untilMs > deadlineMs)
    return {
      is: "over",
      class: "config",
      permanent: true,
      note: `${moment} is after the end of the wait, ${localIn(deadlineMs, timezone)}: want a longer timeout`,
      evidence: { until: moment },
    };
  return { is: "not_yet", note: `waits until ${moment}`, nextMs: untilMs };
}
