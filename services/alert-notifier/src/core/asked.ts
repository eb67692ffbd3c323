// Which channels a DAG's alerts name, and what each is told: several entries for one channel are one.
import type { Asked, Notice } from "./facts.ts";

export type AlertWord = "failed" | "retrying" | "late" | "succeeded";

export interface Alert {
  readonly on: readonly AlertWord[];
  /** Empty for an alert that goes elsewhere. */
  readonly slack: string;
}

export interface Channel {
  readonly channel: string;
  readonly asked: Asked;
}

/** `late` is not told yet: the state machine publishes no event for it. */
export function channelsOf(alerts: readonly Alert[]): Channel[] {
  const words = new Map<string, Set<AlertWord>>();
  for (const { on, slack } of alerts) {
    if (slack === "") continue;
    const known = words.get(slack) ?? new Set<AlertWord>();
    for (const word of on) known.add(word);
    words.set(slack, known);
  }
  return [...words].map(([channel, on]) => ({
    channel,
    asked: {
      failed: on.has("failed"),
      retrying: on.has("retrying"),
      succeeded: on.has("succeeded"),
    },
  }));
}

/** A failure that the DAG allows is nobody's alarm. */
export function withoutAllowed(notice: Notice, allowedToFail: ReadonlySet<string>): Notice {
  if (notice.what !== "task-failed" || allowedToFail.size === 0) return notice;
  const failures = notice.failures.filter(({ taskId }) => !allowedToFail.has(taskId));
  return failures.length === notice.failures.length ? notice : { ...notice, failures };
}
