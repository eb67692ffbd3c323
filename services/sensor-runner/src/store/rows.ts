// Rows of waits as the service reads them.
import type { AttemptRef } from "@chasqui/runner";
import type { Json, Outcome, Progress, WaitSpec } from "../core/wait.ts";

export interface WaitRow {
  readonly ref: AttemptRef;
  readonly kind: string;
  readonly spec: WaitSpec;
  readonly state: "waiting" | "ended" | "done";
  readonly version: number;
  readonly acceptedMs: number;
  readonly deadlineMs: number;
  readonly progress: Progress;
  readonly lines: number;
  readonly nudges: number;
  readonly outcome: Outcome | undefined;
  readonly endedMs: number | undefined;
  readonly reportedMs: number | undefined;
}

export type OpenWait = Pick<WaitRow, "ref" | "state" | "acceptedMs" | "reportedMs">;

export interface OpenRow {
  attempt_id: string;
  run_id: string;
  task_id: string;
  map_index: number;
  attempt: number;
  traceparent: string;
  state: WaitRow["state"];
  accepted_at: Date;
  reported_at: Date | null;
}

export interface Row extends OpenRow {
  kind: string;
  spec: WaitSpec;
  version: number;
  deadline_at: Date;
  poll_count: number;
  silence_count: number;
  line_count: number;
  nudge_count: number;
  note: string;
  cursor: Json;
  outcome: Outcome | null;
  ended_at: Date | null;
}

export function openOf(row: OpenRow): OpenWait {
  return {
    ref: {
      attemptId: row.attempt_id,
      runId: row.run_id,
      taskId: row.task_id,
      mapIndex: row.map_index,
      attempt: row.attempt,
      traceparent: row.traceparent === "" ? undefined : row.traceparent,
    },
    state: row.state,
    acceptedMs: row.accepted_at.getTime(),
    reportedMs: row.reported_at?.getTime(),
  };
}

export function waitOf(row: Row): WaitRow {
  const { poll_count: polls, silence_count: silences, note, cursor } = row;
  return {
    ...openOf(row),
    kind: row.kind,
    spec: row.spec,
    version: row.version,
    deadlineMs: row.deadline_at.getTime(),
    progress: { polls, silences, note, cursor },
    lines: row.line_count,
    nudges: row.nudge_count,
    outcome: row.outcome ?? undefined,
    endedMs: row.ended_at?.getTime(),
  };
}
