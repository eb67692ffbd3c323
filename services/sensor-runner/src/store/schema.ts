// One row per wait. The migrations in drizzle/ are generated from this file; statements live beside it.
// Invariants, kept by the table itself:
//   S1. A state never lacks what it stands for: what waits has its next look, what ended has its outcome.
//   S2. What is done was reported and confirmed.
import { sql } from "drizzle-orm";
import { check, index, integer, jsonb, pgTable, text, timestamp } from "drizzle-orm/pg-core";
import type { Json, Outcome, WaitSpec } from "../core/wait.ts";

const instant = (name: string) => timestamp(name, { withTimezone: true, precision: 3 });

export const wait = pgTable(
  "wait",
  {
    attemptId: text("attempt_id").primaryKey(),
    runId: text("run_id").notNull(),
    taskId: text("task_id").notNull(),
    /** -1 for a task that is not mapped. */
    mapIndex: integer("map_index").notNull(),
    attempt: integer("attempt").notNull(),
    /** Of the assignment; empty for none. */
    traceparent: text("traceparent").notNull(),
    kind: text("kind").notNull(),
    spec: jsonb("spec").$type<WaitSpec>().notNull(),
    /** What may be heard of meanwhile, within the kind. */
    topic: text("topic"),
    /** waiting, ended, done. */
    state: text("state").notNull(),
    /** Counts the row's writes: what every write believed. */
    version: integer("version").notNull(),
    acceptedAt: instant("accepted_at").notNull(),
    deadlineAt: instant("deadline_at").notNull(),
    nextPollAt: instant("next_poll_at"),
    /** Until when one replica has it in hand. */
    leaseUntil: instant("lease_until"),
    pollCount: integer("poll_count").notNull(),
    silenceCount: integer("silence_count").notNull(),
    /** Lines of its log so far. */
    lineCount: integer("line_count").notNull(),
    /** The last look, in words. */
    note: text("note").notNull(),
    /** Up to where the outside was read. */
    cursor: jsonb("cursor").$type<Json>(),
    /** How often somebody heard of its topic. */
    nudgeCount: integer("nudge_count").notNull(),
    outcome: jsonb("outcome").$type<Outcome>(),
    endedAt: instant("ended_at"),
    /** When the INBOX had stored the outcome. */
    reportedAt: instant("reported_at"),
    /** When the state machine was seen to have it. */
    confirmedAt: instant("confirmed_at"),
  },
  (t) => [
    index("wait_due")
      .on(t.kind, t.nextPollAt)
      .where(sql`${t.state} = 'waiting'`),
    index("wait_topic")
      .on(t.kind, t.topic)
      .where(sql`${t.state} = 'waiting' and ${t.topic} is not null`),
    index("wait_open")
      .on(t.kind, t.attemptId)
      .where(sql`${t.state} <> 'done'`),
    index("wait_done")
      .on(t.confirmedAt)
      .where(sql`${t.state} = 'done'`),
    check("wait_state", sql`${t.state} in ('waiting', 'ended', 'done')`),
    check("wait_next", sql`(${t.state} = 'waiting') = (${t.nextPollAt} is not null)`),
    check("wait_outcome", sql`(${t.state} = 'waiting') = (${t.outcome} is null)`),
    check("wait_ended", sql`(${t.state} = 'waiting') = (${t.endedAt} is null)`),
    check("wait_reported", sql`${t.reportedAt} is null or ${t.state} <> 'waiting'`),
    check("wait_done_confirmed", sql`(${t.state} = 'done') = (${t.confirmedAt} is not null)`),
    check("wait_version", sql`${t.version} >= 1`),
  ],
);
