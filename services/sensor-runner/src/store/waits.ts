// The rows of waits: how they begin, are taken in hand, move on and end.
// Invariants:
//   R1. Every write of a wait in hand names the version it was decided from; who loses writes nothing.
//   R2. A wait is in one replica's hand at a time, until its lease is over; rows that others have are skipped.
//   R3. What is taken in hand is bounded; what is listed comes in pages.
import type { AttemptRef } from "@chasqui/runner";
import type { Sql } from "postgres";
import type { Outcome, Progress, SensorConfig } from "../core/wait.ts";

/** Longer than a look takes. Who dies with a wait in hand delays it by so much. */
export const LEASE_MS = 30_000;
const PAGE_MAX = 1_000;
const KEEP_DONE_MS = 7 * 86_400_000;
const PURGE_MAX = 1_000;

export interface WaitRow {
  readonly ref: AttemptRef;
  readonly config: SensorConfig;
  readonly state: "waiting" | "ended" | "done";
  readonly version: number;
  readonly acceptedMs: number;
  readonly deadlineMs: number;
  readonly progress: Progress;
  readonly lines: number;
  readonly outcome: Outcome | undefined;
  readonly endedMs: number | undefined;
  readonly reportedMs: number | undefined;
}

export type OpenWait = Pick<WaitRow, "ref" | "state" | "acceptedMs" | "reportedMs">;

export interface NewWait {
  readonly ref: AttemptRef;
  readonly config: SensorConfig;
  readonly nowMs: number;
  readonly deadlineMs: number;
}

export type NextStep =
  | { readonly kind: "again"; readonly nextPollMs: number }
  | { readonly kind: "ended"; readonly outcome: Outcome; readonly endedMs: number };

export interface PutDown {
  readonly progress: Progress;
  readonly lines: number;
  readonly step: NextStep;
}

export interface Waits {
  /** Does nothing when the attempt has its row already. */
  begin(wait: NewWait): Promise<void>;
  /** Takes in hand what is due for a look. */
  takeDue(nowMs: number, max: number): Promise<WaitRow[]>;
  /** Takes in hand what ended and was not reported. */
  takeUnreported(nowMs: number, max: number): Promise<WaitRow[]>;
  /** Puts down what was in hand, one step further. False: somebody else moved it meanwhile. */
  put(row: WaitRow, next: PutDown): Promise<boolean>;
  /** Ends a wait that still waits; undefined when there is no such wait. */
  end(attemptId: string, outcome: Outcome, nowMs: number): Promise<WaitRow | "ended" | undefined>;
  get(attemptId: string): Promise<WaitRow | undefined>;
  reported(attemptId: string, nowMs: number): Promise<void>;
  confirm(attemptId: string, nowMs: number): Promise<void>;
  /** Gives back what is in hand, unmoved. */
  release(row: WaitRow): Promise<void>;
  /** Waits that are not done. */
  open(): Promise<OpenWait[]>;
  /** Forgets some of what was done long ago. */
  purge(nowMs: number): Promise<number>;
}

interface OpenRow {
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

interface Row extends OpenRow {
  config: SensorConfig;
  version: number;
  deadline_at: Date;
  poll_count: number;
  silence_count: number;
  line_count: number;
  note: string;
  outcome: Outcome | null;
  ended_at: Date | null;
}

const at = (ms: number): Date => new Date(ms);
const leaseFrom = (nowMs: number): Date => at(nowMs + LEASE_MS);

export const postgresWaits = (sql: Sql): Waits => new PostgresWaits(sql);

class PostgresWaits implements Waits {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async begin({ ref, config, nowMs, deadlineMs }: NewWait): Promise<void> {
    await this.#sql`
      insert into wait (
        attempt_id, run_id, task_id, map_index, attempt, traceparent, config, state, version,
        accepted_at, deadline_at, next_poll_at, poll_count, silence_count, line_count, note)
      values (
        ${ref.attemptId}, ${ref.runId}, ${ref.taskId}, ${ref.mapIndex}, ${ref.attempt},
        ${ref.traceparent ?? ""}, ${this.#sql.json({ ...config })}, 'waiting', 1,
        ${at(nowMs)}, ${at(deadlineMs)}, ${at(nowMs)}, 0, 0, 0, '')
      on conflict (attempt_id) do nothing`;
  }

  async takeDue(nowMs: number, max: number): Promise<WaitRow[]> {
    const rows = await this.#sql<Row[]>`
      update wait set lease_until = ${leaseFrom(nowMs)}, version = version + 1
      where attempt_id in (
        select attempt_id from wait
        where state = 'waiting' and next_poll_at <= ${at(nowMs)}
          and (lease_until is null or lease_until < ${at(nowMs)})
        order by next_poll_at limit ${max} for update skip locked)
      returning *`;
    return rows.map(waitOf);
  }

  async takeUnreported(nowMs: number, max: number): Promise<WaitRow[]> {
    const rows = await this.#sql<Row[]>`
      update wait set lease_until = ${leaseFrom(nowMs)}, version = version + 1
      where attempt_id in (
        select attempt_id from wait
        where state = 'ended' and reported_at is null
          and (lease_until is null or lease_until < ${at(nowMs)})
        order by ended_at limit ${max} for update skip locked)
      returning *`;
    return rows.map(waitOf);
  }

  async put({ ref, version }: WaitRow, { progress, lines, step }: PutDown): Promise<boolean> {
    const ended = step.kind === "ended" ? step : undefined;
    const nextPollMs = step.kind === "again" ? step.nextPollMs : undefined;
    const written = await this.#sql`
      update wait set
        version = version + 1,
        state = ${ended === undefined ? "waiting" : "ended"},
        next_poll_at = ${nextPollMs === undefined ? null : at(nextPollMs)},
        lease_until = ${ended === undefined ? null : leaseFrom(ended.endedMs)},
        outcome = ${ended === undefined ? null : this.#sql.json({ ...ended.outcome })},
        ended_at = ${ended === undefined ? null : at(ended.endedMs)},
        poll_count = ${progress.polls}, silence_count = ${progress.silences},
        note = ${progress.note}, line_count = ${lines}
      where attempt_id = ${ref.attemptId} and version = ${version} and state = 'waiting'`;
    return written.count === 1;
  }

  async end(
    attemptId: string,
    outcome: Outcome,
    nowMs: number,
  ): Promise<WaitRow | "ended" | undefined> {
    const [row] = await this.#sql<Row[]>`
      update wait set
        version = version + 1, state = 'ended', next_poll_at = null,
        lease_until = ${leaseFrom(nowMs)}, outcome = ${this.#sql.json({ ...outcome })},
        ended_at = ${at(nowMs)}
      where attempt_id = ${attemptId} and state = 'waiting'
      returning *`;
    if (row !== undefined) return waitOf(row);
    const [other] = await this.#sql`select 1 from wait where attempt_id = ${attemptId}`;
    return other === undefined ? undefined : "ended";
  }

  async get(attemptId: string): Promise<WaitRow | undefined> {
    const [row] = await this.#sql<Row[]>`select * from wait where attempt_id = ${attemptId}`;
    return row === undefined ? undefined : waitOf(row);
  }

  async reported(attemptId: string, nowMs: number): Promise<void> {
    await this.#sql`
      update wait set reported_at = ${at(nowMs)}, lease_until = null, version = version + 1
      where attempt_id = ${attemptId} and state = 'ended'`;
  }

  async confirm(attemptId: string, nowMs: number): Promise<void> {
    await this.#sql`
      update wait set state = 'done', confirmed_at = ${at(nowMs)}, version = version + 1
      where attempt_id = ${attemptId} and state = 'ended' and reported_at is not null`;
  }

  async release({ ref, version }: WaitRow): Promise<void> {
    await this.#sql`
      update wait set lease_until = null, version = version + 1
      where attempt_id = ${ref.attemptId} and version = ${version}`;
  }

  async open(): Promise<OpenWait[]> {
    const found: OpenWait[] = [];
    for (let after = ""; ;) {
      const page = await this.#sql<OpenRow[]>`
        select attempt_id, run_id, task_id, map_index, attempt, traceparent, state, accepted_at,
          reported_at
        from wait where state <> 'done' and attempt_id > ${after}
        order by attempt_id limit ${PAGE_MAX}`;
      found.push(...page.map(openOf));
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE_MAX) return found;
      after = last.attempt_id;
    }
  }

  async purge(nowMs: number): Promise<number> {
    const gone = await this.#sql`
      delete from wait where attempt_id in (
        select attempt_id from wait
        where state = 'done' and confirmed_at < ${at(nowMs - KEEP_DONE_MS)}
        limit ${PURGE_MAX})`;
    return gone.count;
  }
}

function openOf(row: OpenRow): OpenWait {
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

function waitOf(row: Row): WaitRow {
  return {
    ...openOf(row),
    config: row.config,
    version: row.version,
    deadlineMs: row.deadline_at.getTime(),
    progress: { polls: row.poll_count, silences: row.silence_count, note: row.note },
    lines: row.line_count,
    outcome: row.outcome ?? undefined,
    endedMs: row.ended_at?.getTime(),
  };
}
