// The scheduler's tables. The migrations in drizzle/ are generated from this file; statements live beside it.
import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  check,
  customType,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
} from "drizzle-orm/pg-core";
import type { Action, BackfillState, DateState, Reprocess } from "../core/backfill.ts";
import type { TickPolicy } from "../core/learn.ts";
import type { Admitted } from "../core/rate.ts";
import type { TriggerRule } from "../core/rules.ts";
import type { Json } from "../core/triggers.ts";
import type { WaitingEvent } from "./groups.ts";
import type { Timing } from "../timing.ts";

const bytea = customType<{ data: Uint8Array }>({ dataType: () => "bytea" });
const instant = (name: string) => timestamp(name, { withTimezone: true, precision: 3 });

/** What this service knows about each DAG. */
export const schedule = pgTable(
  "schedule",
  {
    dagId: text("dag_id").primaryKey(),
    /** Counts the changes of this row that matter to due times: the fence of every tick that is recorded. */
    revision: bigint("revision", { mode: "number" }).notNull(),
    version: integer("version").notNull(),
    appliedAt: instant("applied_at").notNull(),
    paused: boolean("paused").notNull(),
    pausedAt: instant("paused_at"),
    /** Nothing starts it any more. */
    retired: boolean("retired").notNull().default(false),
    /** Its earlier names. */
    was: text("was").array().notNull().default([]),
    timezone: text("timezone").notNull(),
    /** Absent for a DAG that the clock does not start. */
    timing: jsonb("timing").$type<Timing>(),
    policy: jsonb("policy").$type<TickPolicy>().notNull(),
    rules: jsonb("rules").$type<readonly TriggerRule[]>().notNull(),
    /** The schema of the DAG's parameters. */
    params: jsonb("params").$type<{ [keyword: string]: Json }>(),
    /** The due time that no cron gives: of @once, or the next of @continuous. */
    dynamicAt: instant("dynamic_at"),
    /** Every due time up to here has a row in tick. */
    handledAt: instant("handled_at").notNull(),
    /** When the state machine was asked for what is stored here. */
    toldAt: instant("told_at").notNull(),
  },
  (t) => [
    index("schedule_told").on(t.toldAt),
    check("schedule_paused", sql`${t.paused} = (${t.pausedAt} is not null)`),
    check("schedule_catchup", sql`${t.policy} ->> 'catchup' in ('none', 'latest', 'all')`),
    check("schedule_version", sql`${t.version} >= 1 and ${t.revision} >= 1`),
  ],
);

/** The tick ledger: one row per DAG and due time, whoever was first. */
export const tick = pgTable(
  "tick",
  {
    dagId: text("dag_id").notNull(),
    dueAt: instant("due_at").notNull(),
    outcome: text("outcome").notNull(),
    runId: text("run_id"),
    /** What the run is about and how it is called, once one was asked for. */
    logicalAt: instant("logical_at"),
    intervalStartAt: instant("interval_start_at"),
    runKey: text("run_key"),
    /** Why there is no run, or who had started it before; else empty. */
    reason: text("reason").notNull(),
    recordedAt: instant("recorded_at").notNull(),
    /** When StartRun was last said; only while firing. */
    saidAt: instant("said_at"),
    settledAt: instant("settled_at"),
  },
  (t) => [
    primaryKey({ columns: [t.dagId, t.dueAt] }),
    index("tick_firing")
      .on(t.saidAt)
      .where(sql`outcome = 'firing'`),
    check(
      "tick_outcome",
      sql`case ${t.outcome}
        when 'firing' then ${t.runId} is null and ${t.saidAt} is not null and ${t.settledAt} is null
          and ${t.runKey} is not null and ${t.logicalAt} is not null and ${t.intervalStartAt} is not null
        when 'fired' then ${t.runId} is not null and ${t.saidAt} is null and ${t.settledAt} is not null
        else ${t.outcome} in ('skipped', 'missed', 'suppressed') and ${t.reason} <> ''
          and ${t.runId} is null and ${t.saidAt} is null and ${t.settledAt} is not null end`,
    ),
  ],
);

/** The trigger ledger: one row per trigger and DAG bound to it; DAG '' when there is none. */
export const trigger = pgTable(
  "trigger",
  {
    source: text("source").notNull(),
    id: text("id").notNull(),
    dagId: text("dag_id").notNull(),
    /** What followed chasqui.trigger. in the subject; of Chasqui's own events the whole subject. */
    subject: text("subject").notNull(),
    receivedAt: instant("received_at").notNull(),
    outcome: text("outcome").notNull(),
    /** The run's key, when a run was asked for. */
    runKey: text("run_key"),
    runId: text("run_id"),
    reason: text("reason").notNull(),
    /** The StartRun, in protobuf, for as long as it may have to be said again. */
    start: bytea("start"),
    saidAt: instant("said_at"),
    /** Where it waits or waited for its run: the trigger's rule in the DAG, and the key. */
    rule: text("rule"),
    groupKey: text("group_key"),
    /** The event, while it waits. */
    waits: jsonb("waits").$type<WaitingEvent>(),
    /** The trigger that asks for the run of all that were collected; absent for that one itself. */
    leadSource: text("lead_source"),
    leadId: text("lead_id"),
  },
  (t) => [
    primaryKey({ columns: [t.source, t.id, t.dagId] }),
    index("trigger_starting")
      .on(t.saidAt)
      .where(sql`outcome = 'starting'`),
    index("trigger_waiting")
      .on(t.dagId, t.rule, t.groupKey)
      .where(sql`outcome = 'waiting'`),
    index("trigger_led")
      .on(t.leadSource, t.leadId, t.dagId)
      .where(sql`outcome = 'starting'`),
    index("trigger_received").on(t.receivedAt),
    check(
      "trigger_outcome",
      sql`case
        when ${t.outcome} = 'starting' then ${t.runKey} is not null and ${t.runId} is null
          and (${t.start} is null) = (${t.saidAt} is null) and (${t.start} is null) = (${t.leadId} is not null)
        when ${t.outcome} in ('started', 'joined', 'paused-queued') then ${t.runId} is not null
          and ${t.start} is null and ${t.saidAt} is null
        else ${t.outcome} in ('waiting', 'filtered', 'rate-limited', 'rejected', 'unbound', 'dead') and ${t.reason} <> ''
          and ${t.runId} is null and ${t.start} is null and ${t.saidAt} is null end`,
    ),
    check(
      "trigger_waits",
      sql`(${t.outcome} = 'waiting') = (${t.waits} is not null)
        and (${t.rule} is null) = (${t.groupKey} is null) and (${t.waits} is null or ${t.rule} is not null)
        and (${t.leadSource} is null) = (${t.leadId} is null)`,
    ),
    check(
      "trigger_dag",
      sql`${t.outcome} = 'dead' or (${t.outcome} = 'unbound') = (${t.dagId} = '')`,
    ),
  ],
);

/** Events that are collected for one run, by trigger rule and key. With a key the row stays when its run was asked for. */
export const triggerGroup = pgTable(
  "trigger_group",
  {
    dagId: text("dag_id").notNull(),
    rule: text("rule").notNull(),
    key: text("key").notNull(),
    openedAt: instant("opened_at").notNull(),
    /** When somebody must look at it, whatever comes. */
    dueAt: instant("due_at"),
    closedAt: instant("closed_at"),
    /** Places of the conditions that were met. */
    met: integer("met").array().notNull(),
    count: integer("count").notNull(),
    bytes: integer("bytes").notNull(),
    /** The first event: its row asks for the run. */
    leadSource: text("lead_source").notNull(),
    leadId: text("lead_id").notNull(),
    /** Why its events wait. */
    reason: text("reason").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.dagId, t.rule, t.key] }),
    index("trigger_group_due")
      .on(t.dueAt)
      .where(sql`due_at is not null`),
    index("trigger_group_open")
      .on(t.dagId)
      .where(sql`closed_at is null`),
    check("trigger_group_closed", sql`${t.closedAt} is null or ${t.dueAt} is null`),
  ],
);

/** Runs that a trigger rule with a rate limit asked for lately. */
export const triggerRate = pgTable(
  "trigger_rate",
  {
    dagId: text("dag_id").notNull(),
    rule: text("rule").notNull(),
    admitted: jsonb("admitted").$type<readonly Admitted[]>().notNull(),
  },
  (t) => [primaryKey({ columns: [t.dagId, t.rule] })],
);

/** A backfill: runs for due times that are past. */
export const backfill = pgTable(
  "backfill",
  {
    backfillId: text("backfill_id").primaryKey(),
    dagId: text("dag_id").notNull(),
    state: text("state").$type<BackfillState>().notNull(),
    reprocess: text("reprocess").$type<Reprocess>().notNull(),
    newestFirst: boolean("newest_first").notNull(),
    maxActive: integer("max_active").notNull(),
    /** Parameters of its runs. */
    params: jsonb("params").$type<{ [name: string]: Json }>().notNull(),
    /** The version its runs are of; absent: whichever is current when a run starts. */
    pinnedNumber: integer("pinned_number"),
    pinnedFingerprint: text("pinned_fingerprint"),
    createdBy: text("created_by").notNull(),
    reason: text("reason").notNull(),
    createdAt: instant("created_at").notNull(),
    /** Who paused, resumed or cancelled it last, and why. */
    changedBy: text("changed_by").notNull().default(""),
    changeReason: text("change_reason").notNull().default(""),
    /** Cancelled with its runs: those at work are asked to end. */
    endsRuns: boolean("ends_runs").notNull().default(false),
    /** When its last date had its outcome. */
    finishedAt: instant("finished_at"),
  },
  (t) => [
    index("backfill_newest").on(t.createdAt),
    index("backfill_unfinished")
      .on(t.createdAt)
      .where(sql`finished_at is null`),
    check("backfill_state", sql`${t.state} in ('running', 'paused', 'cancelled', 'done')`),
    check("backfill_ends", sql`not ${t.endsRuns} or ${t.state} = 'cancelled'`),
    check("backfill_done", sql`${t.state} <> 'done' or ${t.finishedAt} is not null`),
    check("backfill_reprocess", sql`${t.reprocess} in ('none', 'failed', 'all')`),
    check("backfill_active", sql`${t.maxActive} >= 1`),
    check("backfill_pinned", sql`(${t.pinnedNumber} is null) = (${t.pinnedFingerprint} is null)`),
  ],
);

/** One date of a backfill. */
export const backfillDate = pgTable(
  "backfill_date",
  {
    backfillId: text("backfill_id").notNull(),
    dueAt: instant("due_at").notNull(),
    /** Its turn. */
    position: integer("position").notNull(),
    logicalAt: instant("logical_at").notNull(),
    intervalStartAt: instant("interval_start_at").notNull(),
    /** The key of the tick's own run; with a run, the run's key. */
    runKey: text("run_key").notNull(),
    rerunOf: text("rerun_of"),
    state: text("state").$type<DateState>().notNull(),
    runId: text("run_id"),
    reason: text("reason").notNull(),
    /** When StartRun was last said; only while starting. */
    saidAt: instant("said_at"),
    /** When its run was last asked to end. */
    endSaidAt: instant("end_said_at"),
    settledAt: instant("settled_at"),
  },
  (t) => [
    primaryKey({ columns: [t.backfillId, t.dueAt] }),
    index("backfill_date_waiting")
      .on(t.backfillId, t.position)
      .where(sql`state = 'waiting'`),
    index("backfill_date_active")
      .on(t.runId)
      .where(sql`state in ('starting', 'running')`),
    check(
      "backfill_date_state",
      sql`case
        when ${t.state} = 'waiting' then ${t.runId} is null and ${t.saidAt} is null and ${t.settledAt} is null
        when ${t.state} = 'starting' then ${t.runId} is not null and ${t.saidAt} is not null and ${t.settledAt} is null
        when ${t.state} = 'running' then ${t.runId} is not null and ${t.saidAt} is null and ${t.settledAt} is null
        when ${t.state} in ('succeeded', 'failed', 'cancelled') then ${t.runId} is not null
          and ${t.saidAt} is null and ${t.settledAt} is not null
        else ${t.state} in ('skipped', 'refused', 'abandoned') and ${t.reason} <> ''
          and ${t.saidAt} is null and ${t.settledAt} is not null end`,
    ),
  ],
);

/** What people told a backfill. Never changed. */
export const backfillChange = pgTable(
  "backfill_change",
  {
    id: bigint("id", { mode: "number" }).primaryKey().generatedAlwaysAsIdentity(),
    backfillId: text("backfill_id").notNull(),
    at: instant("at").notNull(),
    by: text("by").notNull(),
    action: text("action").$type<Action>().notNull(),
    keepRuns: boolean("keep_runs").notNull(),
    reason: text("reason").notNull(),
  },
  (t) => [
    index("backfill_change_of").on(t.backfillId, t.id),
    check("backfill_change_action", sql`${t.action} in ('pause', 'resume', 'cancel')`),
  ],
);

/** Up to when something was compared with the state machine. */
export const mark = pgTable("mark", {
  name: text("name").primaryKey(),
  at: instant("at").notNull(),
});
