// The tables of the state machine: PostgreSQL is the truth. Written by decisions alone, each under its fence.
import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  check,
  customType,
  index,
  integer,
  jsonb,
  pgSchema,
  primaryKey,
  smallint,
  text,
  timestamp,
} from "drizzle-orm/pg-core";
import type { DagLinks } from "@chasqui/dag";

export const stateMachine = pgSchema("state_machine");

const at = (name: string) => timestamp(name, { withTimezone: true, precision: 3 });
const bytea = customType<{ data: Buffer }>({ dataType: () => "bytea" });

export const runStates = [
  "queued",
  "running",
  "cancelling",
  "succeeded",
  "failed",
  "cancelled",
] as const;
export const taskStates = [
  "waiting",
  "queued",
  "assigned",
  "running",
  "cancelling",
  "retrying",
  "awaiting_approval",
  "succeeded",
  "failed",
  "skipped",
  "upstream_failed",
  "cancelled",
  "removed",
] as const;
export const causeKinds = ["schedule", "trigger", "manual", "backfill", "parent"] as const;
const listed = (words: readonly string[]) => sql.raw(words.map((word) => `'${word}'`).join(", "));

export const run = stateMachine.table(
  "run",
  {
    runId: text("run_id").primaryKey(),
    dagId: text("dag_id").notNull(),
    dagNumber: integer("dag_number").notNull(),
    fingerprint: text("fingerprint").notNull(),
    key: text("key").notNull(),
    state: text("state", { enum: runStates }).notNull(),
    /** The fence: every commit says which version it read. */
    version: integer("version").notNull(),
    /** Events up to this version were published; behind means the sweeper says them again. */
    announcedVersion: integer("announced_version").notNull().default(0),
    format: smallint("format").notNull(),
    reason: text("reason"),
    causeKind: text("cause_kind", { enum: causeKinds }).notNull(),
    causeBy: text("cause_by").notNull(),
    params: jsonb("params").notNull(),
    event: jsonb("event").notNull(),
    rerunOf: text("rerun_of"),
    traceparent: text("traceparent"),
    traceId: text("trace_id").notNull(),
    traced: boolean("traced").notNull(),
    logicalAt: at("logical_at").notNull(),
    /** The data it is about. */
    intervalStartAt: at("interval_start_at").notNull(),
    intervalEndAt: at("interval_end_at").notNull(),
    createdAt: at("created_at").notNull(),
    startedAt: at("started_at"),
    settledAt: at("settled_at"),
    lastAt: at("last_at").notNull(),
    wakeAt: at("wake_at"),
    settledBy: text("settled_by"),
    /** Tasks of other runs that started it or wait for it; null for none. */
    parents: jsonb("parents"),
    /** The run before by logical time, when some task depends on it. */
    previousRunId: text("previous_run_id"),
  },
  (t) => [
    index("run_newest").on(t.createdAt),
    index("run_of_dag").on(t.dagId, t.createdAt),
    index("run_by_logical_time").on(t.dagId, t.logicalAt),
    index("run_due")
      .on(t.wakeAt)
      .where(sql`${t.wakeAt} is not null`),
    index("run_queued")
      .on(t.dagId, t.createdAt)
      .where(sql`${t.state} = 'queued'`),
    index("run_settled").on(t.settledAt),
    check("run_state_known", sql`${t.state} in (${listed(runStates)})`),
    check(
      "run_settled_at_when_settled",
      sql`(${t.state} in ('succeeded', 'failed', 'cancelled')) = (${t.settledAt} is not null)`,
    ),
  ],
);

export const task = stateMachine.table(
  "task",
  {
    runId: text("run_id").notNull(),
    taskId: text("task_id").notNull(),
    mapIndex: integer("map_index").notNull(),
    state: text("state", { enum: taskStates }).notNull(),
    attempt: integer("attempt").notNull(),
    sequence: integer("sequence").notNull(),
    freeRepeats: integer("free_repeats").notNull(),
    cause: text("cause").notNull(),
    cancelFor: text("cancel_for", { enum: ["run", "timeout", "clear", "mark"] }),
    assignedAt: at("assigned_at"),
    acceptedAt: at("accepted_at"),
    startedAt: at("started_at"),
    endedAt: at("ended_at"),
    dueAt: at("due_at"),
    failure: jsonb("failure"),
    reason: text("reason"),
    link: text("link"),
    output: jsonb("output"),
    /** What most tasks do not have: items of a mapping, claims of pools, what a clear left (encode.ts). */
    more: jsonb("more"),
  },
  (t) => [
    primaryKey({ columns: [t.runId, t.taskId, t.mapIndex] }),
    index("task_unaccepted")
      .on(t.assignedAt)
      .where(sql`${t.state} = 'assigned' and ${t.acceptedAt} is null`),
    index("task_cancelling")
      .on(t.runId)
      .where(sql`${t.state} = 'cancelling'`),
    index("task_held")
      .on(t.acceptedAt)
      .where(sql`${t.state} in ('assigned', 'running') and ${t.acceptedAt} is not null`),
    index("task_queued")
      .on(t.runId)
      .where(sql`${t.state} = 'queued'`),
    index("task_child")
      .on(t.runId)
      .where(sql`jsonb_exists(${t.more}, 'child') and ${t.state} in ('assigned', 'running')`),
    index("task_awaiting")
      .on(t.runId)
      .where(sql`${t.state} = 'awaiting_approval'`),
    check("task_state_known", sql`${t.state} in (${listed(taskStates)})`),
    check("task_due_when_retrying", sql`${t.state} <> 'retrying' or ${t.dueAt} is not null`),
    check(
      "task_cancel_for_when_cancelling",
      sql`(${t.state} = 'cancelling') = (${t.cancelFor} is not null)`,
    ),
  ],
);

/** One row per run and commit: what happened in it, as JSON, each event with its one cause. */
export const runEvent = stateMachine.table(
  "run_event",
  {
    runId: text("run_id").notNull(),
    version: integer("version").notNull(),
    format: smallint("format").notNull(),
    events: text("events").notNull(),
  },
  (t) => [primaryKey({ columns: [t.runId, t.version] })],
);

export const dag = stateMachine.table("dag", {
  dagId: text("dag_id").primaryKey(),
  version: integer("version").notNull(),
  format: smallint("format").notNull(),
  /** Number of the current version of the DAG; 0 before the first. */
  number: integer("number").notNull(),
  fingerprint: text("fingerprint").notNull(),
  paused: boolean("paused").notNull(),
  /** Who paused it and why, while it is paused. */
  pausedBy: text("paused_by").notNull().default(""),
  pauseReason: text("pause_reason").notNull().default(""),
  retired: boolean("retired").notNull().default(false),
  hasWaiting: boolean("has_waiting").notNull(),
  active: text("active").array().notNull(),
  /** Of runs that a person reopened, since when they hold their slot or, for a while, gave it back: milliseconds. */
  reopened: jsonb("reopened").$type<Record<string, number>>().notNull().default({}),
  /** Runs that failed in a row, of a DAG that pauses itself. */
  failing: jsonb("failing").$type<string[]>().notNull().default([]),
  changedAt: at("changed_at").notNull(),
});

/** A pool: so many slots. Its claims are rows of their own. */
export const pool = stateMachine.table("pool", {
  pool: text("pool").primaryKey(),
  /** The fence; a pool that is made begins at the clock's milliseconds. */
  version: bigint("version", { mode: "number" }).notNull(),
  format: smallint("format").notNull(),
  size: integer("size").notNull(),
  /** What the installation's file last said. */
  declared: integer("declared"),
  asked: bigint("asked", { mode: "number" }).notNull(),
  served: bigint("served", { mode: "number" }).notNull(),
  /** When each priority and DAG was last served. */
  turns: jsonb("turns").notNull(),
  changedAt: at("changed_at").notNull(),
});

/** An attempt that holds slots of a pool, or waits for them. */
export const poolClaim = stateMachine.table(
  "pool_claim",
  {
    pool: text("pool").notNull(),
    attemptId: text("attempt_id").notNull(),
    runId: text("run_id").notNull(),
    dagId: text("dag_id").notNull(),
    taskId: text("task_id").notNull(),
    mapIndex: integer("map_index").notNull(),
    attempt: integer("attempt").notNull(),
    slots: integer("slots").notNull(),
    /** 0 while it waits. */
    taken: integer("taken").notNull(),
    priority: integer("priority").notNull(),
    /** Its place among all that ever asked. */
    place: bigint("place", { mode: "number" }).notNull(),
    askedAt: at("asked_at").notNull(),
    grantedAt: at("granted_at"),
  },
  (t) => [
    primaryKey({ columns: [t.pool, t.attemptId] }),
    index("pool_claim_of_task").on(t.runId, t.taskId, t.mapIndex),
    check("pool_claim_taken_when_granted", sql`(${t.taken} > 0) = (${t.grantedAt} is not null)`),
  ],
);

/** Specifications by their meaning; immutable, so storing one twice is storing it once. */
export const dagSpec = stateMachine.table(
  "dag_spec",
  {
    dagId: text("dag_id").notNull(),
    fingerprint: text("fingerprint").notNull(),
    spec: bytea("spec").notNull(),
    /** Its earlier names, of the specification: so that renames are found without reading every one. */
    was: text("was").array().notNull(),
    /** Which runs start which, of the specification: so that circles are found without reading every one. */
    links: jsonb("links").$type<DagLinks>(),
  },
  (t) => [primaryKey({ columns: [t.dagId, t.fingerprint] })],
);

/** Which meaning was which version, since when and by whom. */
export const dagVersion = stateMachine.table(
  "dag_version",
  {
    dagId: text("dag_id").notNull(),
    number: integer("number").notNull(),
    fingerprint: text("fingerprint").notNull(),
    appliedAt: at("applied_at").notNull(),
    appliedBy: text("applied_by").notNull(),
    note: text("note").notNull(),
    /** The commit that its file was of; empty when not known. */
    commitId: text("commit_id").notNull().default(""),
  },
  (t) => [primaryKey({ columns: [t.dagId, t.number] })],
);

/** Who asked for what and why; and every change of a DAG. */
export const audit = stateMachine.table(
  "audit",
  {
    id: bigint("id", { mode: "number" }).primaryKey().generatedAlwaysAsIdentity(),
    at: at("at").notNull().defaultNow(),
    principal: text("principal").notNull(),
    action: text("action").notNull(),
    resource: text("resource").notNull(),
    reason: text("reason").notNull(),
    detail: jsonb("detail").notNull(),
    /** The message that did it, of what is decided by messages. */
    cause: text("cause"),
  },
  (t) => [index("audit_of_resource").on(t.resource, t.at)],
);

/** How far each stream had come when we last looked: one that goes back was lost and made again. */
export const streamPosition = stateMachine.table("stream_position", {
  stream: text("stream").primaryKey(),
  created: text("created").notNull(),
  lastSequence: bigint("last_sequence", { mode: "number" }).notNull(),
});

/** What ops had chosen for each stream and bucket when we last looked, for the day that it must be made again. */
export const streamSetting = stateMachine.table("stream_setting", {
  stream: text("stream").primaryKey(),
  settings: jsonb("settings").notNull(),
});
