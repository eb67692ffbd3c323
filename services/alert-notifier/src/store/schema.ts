// Incidents, one per run and channel, and the channels they are in. The migrations in drizzle/ are generated from
// this file; statements live beside it.
// Invariants, kept by the tables themselves:
//   I1. One incident per cause and channel, for ever: its id is derived from both, and two posts would need two rows.
//   I2. Two writers never share a fence: what an incident says is fenced by `revision`, how it gets into Slack by
//       `delivery_version`.
//   I3. A state never lacks what it stands for: a claim its lease, a posted message its place.
import { sql } from "drizzle-orm";
import { check, index, integer, jsonb, pgTable, text, timestamp } from "drizzle-orm/pg-core";
import type { Asked, Facts } from "../core/facts.ts";

const instant = (name: string) => timestamp(name, { withTimezone: true, precision: 3 });

export const incident = pgTable(
  "incident",
  {
    /** Derived from channel and run, and whether it is about the run or about its DAG that paused itself. */
    incidentId: text("incident_id").primaryKey(),
    runId: text("run_id").notNull(),
    dagId: text("dag_id").notNull(),
    /** As the DAG names it: #logistics-alerts. */
    channel: text("channel").notNull(),
    state: text("state").notNull(),
    title: text("title").notNull(),
    facts: jsonb("facts").$type<Facts>().notNull(),
    asked: jsonb("asked").$type<Asked>().notNull(),
    /** Counts the changes of what is said. */
    revision: integer("revision").notNull(),
    /** Of the notice that changed it last; empty for none. */
    traceparent: text("traceparent").notNull(),
    delivery: text("delivery").notNull(),
    /** Counts the writes of the columns below. */
    deliveryVersion: integer("delivery_version").notNull(),
    /** The revision that Slack shows; 0 for none. */
    postedRevision: integer("posted_revision").notNull(),
    channelId: text("channel_id"),
    messageTs: text("message_ts"),
    /** Until when a post or an edit is one process's own. */
    leaseUntil: instant("lease_until"),
    /** When the first post was last claimed: a lookup begins there. */
    claimedAt: instant("claimed_at"),
    failureCount: integer("failure_count").notNull(),
    /** Why it is not shown; empty when it is, or has not been tried. */
    reason: text("reason").notNull(),
    nextAt: instant("next_at").notNull(),
    openedAt: instant("opened_at").notNull(),
    changedAt: instant("changed_at").notNull(),
  },
  (t) => [
    index("incident_run").on(t.runId),
    index("incident_changed").on(t.changedAt),
    index("incident_due")
      .on(t.channel, t.openedAt)
      .where(sql`${t.delivery} <> 'posted' or ${t.postedRevision} < ${t.revision}`),
    check(
      "incident_state",
      sql`${t.state} in ('open', 'recovered', 'failed', 'cancelled', 'succeeded', 'paused', 'asked', 'answered')`,
    ),
    check(
      "incident_delivery",
      sql`${t.delivery} in ('pending', 'posting', 'posted', 'refused', 'unconfirmed')`,
    ),
    check(
      "incident_place",
      sql`(${t.delivery} = 'posted') = (${t.messageTs} is not null) and (${t.messageTs} is null) = (${t.channelId} is null)`,
    ),
    check(
      "incident_posted",
      sql`(${t.delivery} = 'posted') = (${t.postedRevision} > 0) and ${t.postedRevision} <= ${t.revision}`,
    ),
    check(
      "incident_lease",
      sql`${t.delivery} <> 'posting' or (${t.leaseUntil} is not null and ${t.claimedAt} is not null)`,
    ),
    check(
      "incident_reason",
      sql`${t.delivery} not in ('refused', 'unconfirmed') or ${t.reason} <> ''`,
    ),
  ],
);

/** A Slack channel by the name that DAGs use. */
export const channel = pgTable("channel", {
  name: text("name").primaryKey(),
  /** Learned from the first post; null until then. */
  channelId: text("channel_id"),
  /** Nobody posts before: Slack's pace, or its wish. */
  nextPostAt: instant("next_post_at").notNull(),
});

/** How far we have compared ourselves with the state machine; one row. */
export const reconciled = pgTable("reconciled", {
  name: text("name").primaryKey(),
  /** Every run settled before was looked at. */
  settledBefore: instant("settled_before").notNull(),
});
