// A kind of sensor, as libs/runner wants it: attempts are rows, and the rows are the truth.
import { builtInKindSchemas } from "@chasqui/contracts";
import type {
  Attempt,
  AttemptRef,
  HeldRef,
  JobKind,
  JobReports,
  RunnerPart,
} from "@chasqui/runner";
import { deadlineOf } from "./core/decide.ts";
import type { WaitSpec } from "./core/wait.ts";
import type { SensorKind } from "./kinds/kind.ts";
import type { Topic, Waits } from "./store/waits.ts";
import type { WaitWatch } from "./wait-watch.ts";

export interface WaitKindOptions {
  readonly waits: Waits;
  readonly watch: WaitWatch;
  /** Told of a topic before a wait for it begins, so that nothing is missed in between. */
  readonly listen: (topic: Topic) => void;
  readonly now: () => number;
  readonly concurrency: number;
  /** No wait is longer. */
  readonly longestMs: number;
}

export function waitKind(sensor: SensorKind<unknown>, options: WaitKindOptions): JobKind<WaitSpec> {
  const { waits, watch, now, concurrency, longestMs } = options;
  const { kind, description } = sensor;
  return {
    kind,
    description,
    schema: schemaOf(kind),
    parseConfig: (value) => sensor.parse(value),
    concurrency,
    async submit(attempt: Attempt<WaitSpec>) {
      const spec = settled(sensor, attempt);
      const timeoutsMs = [spec.timeoutMs, attempt.timeoutMs];
      const nowMs = now(); // read once: whether a wait had all of its timeout is told from both stamps
      const deadlineMs = deadlineOf({ nowMs, timeoutsMs, longestMs });
      const topic = sensor.topic?.(spec.of);
      if (topic !== undefined) options.listen({ kind, topic });
      await waits.begin({ ref: refOf(attempt), kind, spec, topic, nowMs, deadlineMs });
      watch.nudge();
      return {};
    },
    async watch(reports: JobReports): Promise<RunnerPart> {
      watch.begin(kind, reports);
      return { name: "waits", stop: (deadlineMs) => watch.stop(deadlineMs) };
    },
    async list() {
      await waits.purge(now());
      const rows = await waits.open(kind);
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
      await watch.report(ended);
      return "ending";
    },
    async report(attemptId) {
      const row = await waits.get(attemptId);
      if (row !== undefined) await watch.report(row);
    },
    confirm: (attemptId) => waits.confirm(attemptId, now()),
    async discard() {}, // rows that are done are kept for a week, and purged
  };
}

function settled(sensor: SensorKind<unknown>, attempt: Attempt<WaitSpec>): WaitSpec {
  const { config, logicalTime } = attempt;
  const logicalMs = Date.parse(logicalTime);
  return { ...config, of: sensor.settle?.(config.of, { logicalMs }) ?? config.of };
}

function refOf(attempt: Attempt): AttemptRef {
  const { attemptId, runId, taskId, mapIndex, attempt: number, traceparent } = attempt;
  return { attemptId, runId, taskId, mapIndex, attempt: number, traceparent };
}

function schemaOf(kind: string): JobKind<WaitSpec>["schema"] {
  // Announced as JSON: what the contracts say, without undefined members.
  return JSON.parse(JSON.stringify(builtInKindSchemas[kind])) as JobKind<WaitSpec>["schema"];
}
