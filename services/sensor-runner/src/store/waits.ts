// The rows of waits: how they begin, are taken in hand, move on and end.
// Invariants:
//   R1. Every write of a wait in hand names the version it was decided from; who loses writes nothing.
//   R2. A wait is in one replica's hand at a time, until its lease is over; rows that others have are skipped.
//   R3. What is taken in hand is bounded, kind by kind; what is listed comes in pages.
//   R4. A wait whose topic was heard of while it was in hand is looked at once more, at once.
import type { AttemptRef } from "@chasqui/runner";
import type { Sql } from "postgres";
import type { Json, Outcome, Progress, WaitSpec } from "../core/wait.ts";
import { openOf, waitOf } from "./rows.ts";
import type { OpenRow, OpenWait, Row, WaitRow } from "./rows.ts";

/** Longer than a look takes. Who dies with a wait in hand delays it by so much. */
export const LEASE_MS = 20_000;
const PAGE_MAX = 1_000;
export const TOPICS_MAX = 10_000;
const KEEP_DONE_MS = 7 * 86_400_000;
const PURGE_MAX = 1_000;

export interface NewWait {
  readonly ref: AttemptRef;
  readonly kind: string;
  readonly spec: WaitSpec;
  readonly topic: string | undefined;
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

/** How many of a kind there is room for. */
export interface Room {
  readonly kind: string;
  readonly max: number;
}

export interface Topic {
  readonly kind: string;
  readonly topic: string;
}

export interface Waits {
  /** Does nothing when the attempt has its row already. */
  begin(wait: NewWait): Promise<void>;
  /** Takes in hand what is due for a look. */
  takeDue(nowMs: number, rooms: readonly Room[]): Promise<WaitRow[]>;
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
  /** Waits of a kind that are not done. */
  open(kind: string): Promise<OpenWait[]>;
  /** What waits are to be told of, at most TOPICS_MAX. */
  topics(): Promise<Topic[]>;
  /** Waits of this topic are due now. Answers how many. */
  nudge(topics: readonly Topic[], nowMs: number): Promise<number>;
  /** Forgets some of what was done long ago. */
  purge(nowMs: number): Promise<number>;
}

const at = (ms: number): Date => new Date(ms);
const leaseFrom = (nowMs: number): Date => at(nowMs + LEASE_MS);

export const postgresWaits = (sql: Sql): Waits => new PostgresWaits(sql);

class PostgresWaits implements Waits {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async begin({ ref, kind, spec, topic, nowMs, deadlineMs }: NewWait): Promise<void> {
    await this.#sql`
      insert into wait (
        attempt_id, run_id, task_id, map_index, attempt, traceparent, kind, spec, topic, state,
        version, accepted_at, deadline_at, next_poll_at, poll_count, silence_count, line_count,
        nudge_count, note)
      values (
        ${ref.attemptId}, ${ref.runId}, ${ref.taskId}, ${ref.mapIndex}, ${ref.attempt},
        ${ref.traceparent ?? ""}, ${kind}, ${this.#json({ ...spec })}, ${topic ?? null}, 'waiting',
        1, ${at(nowMs)}, ${at(deadlineMs)}, ${at(nowMs)}, 0, 0, 0, 0, '')
      on conflict (attempt_id) do nothing`;
  }

  async takeDue(nowMs: number, rooms: readonly Room[]): Promise<WaitRow[]> {
    const rows = await this.#sql<Row[]>`
      update wait set lease_until = ${leaseFrom(nowMs)}, version = version + 1
      where attempt_id in (
        select due.attempt_id
        from unnest(
          ${rooms.map(({ kind }) => kind)}::text[],
          ${rooms.map(({ max }) => max)}::int[]) as room (kind, max),
        lateral (
          select attempt_id from wait
          where state = 'waiting' and wait.kind = room.kind and next_poll_at <= ${at(nowMs)}
            and (lease_until is null or lease_until < ${at(nowMs)})
          order by next_poll_at limit room.max for update skip locked) due)
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

  async put(row: WaitRow, { progress, lines, step }: PutDown): Promise<boolean> {
    const { ref, version, nudges } = row;
    const ended = step.kind === "ended" ? step : undefined;
    const nextPollAt = step.kind === "again" ? at(step.nextPollMs) : null;
    const written = await this.#sql`
      update wait set
        version = version + 1,
        state = ${ended === undefined ? "waiting" : "ended"},
        next_poll_at = case
          when ${ended === undefined} and nudge_count > ${nudges} then next_poll_at
          else ${nextPollAt}::timestamptz end,
        lease_until = ${ended === undefined ? null : leaseFrom(ended.endedMs)},
        outcome = ${ended === undefined ? null : this.#json({ ...ended.outcome })},
        ended_at = ${ended === undefined ? null : at(ended.endedMs)},
        poll_count = ${progress.polls}, silence_count = ${progress.silences},
        note = ${progress.note}, line_count = ${lines}, cursor = ${this.#json(progress.cursor)}
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
        lease_until = ${leaseFrom(nowMs)}, outcome = ${this.#json({ ...outcome })},
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

  async open(kind: string): Promise<OpenWait[]> {
    const found: OpenWait[] = [];
    for (let after = ""; ;) {
      const page = await this.#sql<OpenRow[]>`
        select attempt_id, run_id, task_id, map_index, attempt, traceparent, state, accepted_at,
          reported_at
        from wait where state <> 'done' and kind = ${kind} and attempt_id > ${after}
        order by attempt_id limit ${PAGE_MAX}`;
      found.push(...page.map(openOf));
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE_MAX) return found;
      after = last.attempt_id;
    }
  }

  async topics(): Promise<Topic[]> {
    return this.#sql<Topic[]>`
      select distinct kind, topic from wait
      where state = 'waiting' and topic is not null limit ${TOPICS_MAX}`;
  }

  async nudge(topics: readonly Topic[], nowMs: number): Promise<number> {
    const nudged = await this.#sql`
      update wait set next_poll_at = ${at(nowMs)}, nudge_count = nudge_count + 1
      from unnest(
        ${topics.map(({ kind }) => kind)}::text[],
        ${topics.map(({ topic }) => topic)}::text[]) as heard (kind, topic)
      where state = 'waiting' and wait.kind = heard.kind and wait.topic = heard.topic`;
    return nudged.count;
  }

  async purge(nowMs: number): Promise<number> {
    const gone = await this.#sql`
      delete from wait where attempt_id in (
        select attempt_id from wait
        where state = 'done' and confirmed_at < ${at(nowMs - KEEP_DONE_MS)}
        limit ${PURGE_MAX})`;
    return gone.count;
  }

  #json(value: unknown) {
    return this.#sql.json(value as Json); // parsed configurations and JSON only
  }
}
