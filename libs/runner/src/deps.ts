// What the shells of all kinds of one runner share.
import { mask, maskJson } from "@chasqui/chassis";
import { asking } from "./asking.ts";
import type { Asking } from "./asking.ts";
import type { Attempt, AttemptRef, AttemptTimes, Outcome } from "./attempt.ts";
import { ConfigError } from "./attempt.ts";
import { bounded, writeOutput } from "./core/conclude.ts";
import { OUTCOME_SEQUENCE } from "./core/sequence.ts";
import { openAttemptLog } from "./logs.ts";
import type { AttemptLog } from "./logs.ts";
import type { Claims, RunnerBus, RunnerLog, RunnerTelemetry } from "./ports.ts";
import { tracing } from "./traces.ts";
import type { Tracing } from "./traces.ts";
import type { Assigned, Said, Update } from "./translate.ts";
import { startUpdateSender } from "./updates.ts";
import type { UpdateSender } from "./updates.ts";

export interface Deps {
  readonly bus: RunnerBus;
  readonly log: RunnerLog;
  readonly now: () => number;
  /** Cancels are heard without a gap since then: they are plain messages, and who was disconnected missed some. */
  readonly hearsSinceMs: () => number;
  readonly asking: Asking;
  readonly tracing: Tracing;
  readonly updates: UpdateSender;
  /** Sends an outcome within its bounds, and measures it. */
  say(kind: string, outcome: OutcomeOf): Promise<"stored" | "duplicate">;
  openLog(ref: AttemptRef, from?: { readonly startCounter: number }): AttemptLog;
}

export interface OutcomeOf {
  readonly ref: AttemptRef;
  readonly outcome: Outcome;
  readonly times: AttemptTimes;
  readonly link: string;
  readonly logTail: readonly string[];
  readonly parentSpanId: string | undefined;
}

export function depsOf(world: {
  readonly bus: RunnerBus;
  readonly claims: Claims;
  readonly telemetry: RunnerTelemetry;
  readonly log: RunnerLog;
  readonly now: () => number;
}): Deps {
  const { bus, log, now, telemetry } = world;
  const traces = tracing(telemetry, now);
  const updates = startUpdateSender({ bus, tracing: traces, log, now });
  let hearsSinceMs = now();
  bus.onReconnect(() => {
    hearsSinceMs = now();
  });
  const ended = telemetry.counter("chasqui.attempt.ended", "{attempt}");
  const duration = telemetry.histogram("chasqui.attempt.duration", "s");
  return {
    bus,
    log,
    now,
    hearsSinceMs: () => hearsSinceMs,
    updates,
    tracing: traces,
    asking: asking(world.claims, log),
    openLog: (ref, from) => openAttemptLog({ bus, log, mask, now }, ref, from),
    say(kind, { ref, outcome, times, link, logTail, parentSpanId }) {
      const said = saidOf(outcome, logTail);
      ended.add(1, { kind, state: said.state });
      if (times.startedMs !== undefined && times.endedMs !== undefined)
        duration.record(Math.max(0, times.endedMs - times.startedMs) / 1_000, { kind });
      const update: Update = { ref, sequence: OUTCOME_SEQUENCE, said, times, link };
      return updates.send(update, parentSpanId);
    },
  };
}

/** An outcome as it is said: within its bounds, without secrets. */
export function saidOf(outcome: Outcome, logTail: readonly string[]): Said {
  switch (outcome.state) {
    case "succeeded": {
      const output = writeOutput(outcome.output);
      if ("json" in output) {
        const outputJson = output.json === "" ? "" : maskJson(output.json);
        return { state: "succeeded", outputJson };
      }
      return { state: "failed", failure: bounded(output.failure, logTail, mask) };
    }
    case "failed":
      return { state: "failed", failure: bounded(outcome.failure, logTail, mask) };
    case "skipped":
      return { state: "skipped", reason: mask(outcome.reason) };
    case "cancelled":
      return outcome;
  }
}

/** The attempt with its configuration parsed, or the outcome of one that cannot be. */
export function attemptOf<C>(
  assigned: Assigned,
  parseConfig: (config: unknown) => C,
  nowMs: number,
): { readonly attempt: Attempt<C> } | { readonly refused: Outcome } {
  const { configJson, timeoutMs } = assigned;
  let config: C;
  try {
    config = parseConfig(configJson === "" || configJson === "{}" ? {} : JSON.parse(configJson));
  } catch (error) {
    return { refused: misfit(assigned, error) };
  }
  return {
    attempt: {
      attemptId: assigned.attemptId,
      runId: assigned.runId,
      taskId: assigned.taskId,
      mapIndex: assigned.mapIndex,
      attempt: assigned.attempt,
      traceparent: assigned.traceparent,
      dagId: assigned.dagId,
      kind: assigned.kind,
      config,
      attemptsMax: assigned.attemptsMax,
      environment: assigned.environment,
      logicalTime: assigned.logicalTime,
      runKey: assigned.runKey,
      assignedMs: assigned.assignedMs,
      timeoutMs,
      deadlineMs: timeoutMs === undefined ? undefined : nowMs + timeoutMs,
    },
  };
}

function misfit({ taskId, kind }: Assigned, error: unknown): Outcome {
  const message = error instanceof Error ? error.message : String(error);
  const problems = error instanceof ConfigError ? [...error.problems] : [message];
  const failure = {
    class: "config",
    message: `the configuration of task ${taskId} does not fit ${kind}: ${message}`,
    evidence: { problems },
    neverStarted: true,
    permanent: true,
  } as const;
  return { state: "failed", failure };
}
