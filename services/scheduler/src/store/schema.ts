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
import type { EventBinding, TickPolicy } from "../core/learn.ts";
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
    timezone: text("timezone").notNull(),
    /** Absent for a DAG that the clock does not start. */
    timing: jsonb("timing").$type<Timing>(),
    policy: jsonb("policy").$type<TickPolicy>().notNull(),
    triggers: jsonb("triggers").$type<readonly EventBinding[]>().notNull(),
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
    /** Why there is no run; empty when there is one or will be. */
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
    /** What followed chasqui.trigger. in the subject. */
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
  },
  (t) => [
    primaryKey({ columns: [t.source, t.id, t.dagId] }),
    index("trigger_starting")
      .on(t.saidAt)
      .where(sql`outcome = 'starting'`),
    index("trigger_received").on(t.receivedAt),
    check(
      "trigger_outcome",
      sql`case ${t.outcome}
        when 'starting' then ${t.runKey} is not null and ${t.start} is not null and ${t.saidAt} is not null and ${t.runId} is null
        when 'started' then ${t.runId} is not null and ${t.start} is null and ${t.saidAt} is null
        when 'joined' then ${t.runId} is not null and ${t.start} is null and ${t.saidAt} is null
        else ${t.outcome} in ('filtered', 'rejected', 'unbound', 'dead') and ${t.reason} <> ''
          and ${t.runId} is null and ${t.start} is null and ${t.saidAt} is null end`,
    ),
    check(
      "trigger_dag",
      sql`${t.outcome} = 'dead' or (${t.outcome} = 'unbound') = (${t.dagId} = '')`,
    ),
  ],
);
