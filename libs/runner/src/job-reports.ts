// What a job kind's watch says about its jobs, as updates.
// Invariant: an attempt's outcome is sent by this process once at a time; a second call while the first is on its way
// waits for the same answer.
import { RUNNING_SEQUENCE } from "./core/sequence.ts";
import type { Deps } from "./deps.ts";
import type { JobReports } from "./kinds.ts";
import { errorOf } from "./traces.ts";

export function jobReports(kind: string, deps: Deps): JobReports {
  const { tracing, updates, now } = deps;
  const onTheirWay = new Map<string, Promise<void>>();
  const send: JobReports["outcome"] = async (ref, outcome, at) => {
    const { link = "", logTail = [], ...times } = at;
    const parentSpanId = tracing.jobSpan(ref);
    const stored = await deps.say(kind, { ref, outcome, times, link, logTail, parentSpanId });
    if (stored === "duplicate") return; // who stored it wrote the span
    const endMs = at.endedMs ?? now();
    const startMs = at.acceptedMs ?? at.startedMs ?? endMs;
    const error = errorOf(outcome);
    tracing.wroteJob({ ref, kind, startMs, endMs, error });
  };
  return {
    async running(ref, { link = "", ...times }) {
      const said = { state: "running" as const };
      const update = { ref, sequence: RUNNING_SEQUENCE, said, times, link };
      await updates.send(update, tracing.jobSpan(ref));
    },
    outcome(ref, outcome, at) {
      const known = onTheirWay.get(ref.attemptId);
      if (known !== undefined) return known;
      const sent = send(ref, outcome, at).finally(() => onTheirWay.delete(ref.attemptId));
      onTheirWay.set(ref.attemptId, sent);
      return sent;
    },
    log: (ref, from) => deps.openLog(ref, from),
    traceparentOf: (ref) => tracing.under(ref, tracing.jobSpan(ref)),
  };
}
