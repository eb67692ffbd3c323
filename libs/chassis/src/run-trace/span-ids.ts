// The ids of a run's spans, derived from what they stand for: whoever writes one, and whenever, it is the same span.
import { spanIdOf } from "@chasqui/contracts";

export const spanIds = {
  run: (runId: string) => spanIdOf(runId, "run"),
  /** The moment its first task could run. */
  started: (runId: string) => spanIdOf(runId, "started"),
  /** What one commit of the run told everyone. */
  event: (runId: string, version: number) => spanIdOf(runId, "event", version),
  /** A message of the INBOX, decided. */
  processed: (messageId: string) => spanIdOf(messageId, "process"),
  task: (attemptId: string) => spanIdOf(attemptId, "task"),
  assigned: (attemptId: string) => spanIdOf(attemptId, "assign"),
  /** One delivery of the assignment at its runner. */
  delivery: (attemptId: string, deliveryCount: number) =>
    deliveryCount > 1
      ? spanIdOf(attemptId, "process", deliveryCount)
      : spanIdOf(attemptId, "process"),
  /** What the attempt is outside: a pod, a job, a wait. */
  job: (attemptId: string) => spanIdOf(attemptId, "job"),
  update: (attemptId: string, sequence: number) => spanIdOf(attemptId, "update", sequence),
  /** The tick that asked for a start. */
  tick: (startId: string) => spanIdOf(startId, "tick"),
  /** The processing of a trigger; one in each trace that it starts. */
  trigger: ({ source, id }: { readonly source: string; readonly id: string }) =>
    spanIdOf("trigger", source, id),
  /** A StartRun, said. */
  start: (startId: string) => spanIdOf(startId, "publish"),
} as const;
