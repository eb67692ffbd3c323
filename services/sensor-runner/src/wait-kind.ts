// The kind sensor.http, as libs/runner wants it: attempts are rows, and the rows are the truth.
import { builtInKindSchemas } from "@chasqui/contracts";
import type {
  Attempt,
  AttemptRef,
  HeldRef,
  JobKind,
  JobReports,
  RunnerPart,
} from "@chasqui/runner";
import { parseSensorConfig } from "./config.ts";
import { deadlineOf } from "./core/decide.ts";
import type { SensorConfig } from "./core/wait.ts";
import { WaitWatch } from "./wait-watch.ts";
import type { WaitWatchDeps } from "./wait-watch.ts";

export const KIND = "sensor.http";

export interface WaitKindOptions extends WaitWatchDeps {
  readonly concurrency: number;
  /** No wait is longer. */
  readonly longestMs: number;
}

export function waitKind(options: WaitKindOptions): JobKind<SensorConfig> {
  const { waits, now, concurrency, longestMs } = options;
  let watch: WaitWatch | undefined;
  return {
    kind: KIND,
    description: "Waits until an HTTP endpoint answers as expected.",
    schema: schemaOf(KIND),
    parseConfig: parseSensorConfig,
    concurrency,
    async submit(attempt: Attempt<SensorConfig>) {
      const { config, timeoutMs } = attempt;
      const timeoutsMs = [config.timeoutMs, timeoutMs];
      const deadlineMs = deadlineOf({ nowMs: now(), timeoutsMs, longestMs });
      await waits.begin({ ref: refOf(attempt), config, nowMs: now(), deadlineMs });
      watch?.nudge();
      return {};
    },
    async watch(reports: JobReports): Promise<RunnerPart> {
      const started = new WaitWatch(options, reports);
      watch = started;
      return { name: "waits", stop: (deadlineMs) => started.stop(deadlineMs) };
    },
    async list() {
      await waits.purge(now());
      const rows = await waits.open();
      return rows.map(({ ref, acceptedMs, state, reportedMs }): HeldRef => ({
        attemptId: ref.attemptId,
        ref,
        createdMs: acceptedMs,
        // What has ended and is not reported, who took it in hand is about to report.
        state:
          state === "ended" && reportedMs !== undefined
            ? { is: "ended", reportedMs }
            : { is: "active" },
      }));
    },
    async cancel({ attemptId }) {
      const ended = await waits.end(attemptId, { state: "cancelled" }, now());
      if (ended === undefined) return "absent";
      if (ended === "ended") return "ended";
      await watch?.report(ended);
      return "ending";
    },
    async report(attemptId) {
      const row = await waits.get(attemptId);
      if (row !== undefined) await watch?.report(row);
    },
    confirm: (attemptId) => waits.confirm(attemptId, now()),
    async discard() {}, // rows that are done are kept for a week, and purged
  };
}

function refOf(attempt: Attempt): AttemptRef {
  const { attemptId, runId, taskId, mapIndex, attempt: number, traceparent } = attempt;
  return { attemptId, runId, taskId, mapIndex, attempt: number, traceparent };
}

function schemaOf(kind: string): JobKind<SensorConfig>["schema"] {
  // Announced as JSON: what the contracts say, without undefined members.
  return JSON.parse(JSON.stringify(builtInKindSchemas[kind])) as JobKind<SensorConfig>["schema"];
}
