CREATE TABLE "backfill" (
	"backfill_id" text PRIMARY KEY NOT NULL,
	"dag_id" text NOT NULL,
	"state" text NOT NULL,
	"reprocess" text NOT NULL,
	"newest_first" boolean NOT NULL,
	"max_active" integer NOT NULL,
	"params" jsonb NOT NULL,
	"pinned_number" integer,
	"pinned_fingerprint" text,
	"created_by" text NOT NULL,
	"reason" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"changed_by" text DEFAULT '' NOT NULL,
	"change_reason" text DEFAULT '' NOT NULL,
	"ends_runs" boolean DEFAULT false NOT NULL,
	"finished_at" timestamp (3) with time zone,
	CONSTRAINT "backfill_state" CHECK ("backfill"."state" in ('running', 'paused', 'cancelled', 'done')),
	CONSTRAINT "backfill_ends" CHECK (not "backfill"."ends_runs" or "backfill"."state" = 'cancelled'),
	CONSTRAINT "backfill_done" CHECK ("backfill"."state" <> 'done' or "backfill"."finished_at" is not null),
	CONSTRAINT "backfill_reprocess" CHECK ("backfill"."reprocess" in ('none', 'failed', 'all')),
	CONSTRAINT "backfill_active" CHECK ("backfill"."max_active" >= 1),
	CONSTRAINT "backfill_pinned" CHECK (("backfill"."pinned_number" is null) = ("backfill"."pinned_fingerprint" is null))
);
--> statement-breakpoint
CREATE TABLE "backfill_change" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "backfill_change_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"backfill_id" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"by" text NOT NULL,
	"action" text NOT NULL,
	"keep_runs" boolean NOT NULL,
	"reason" text NOT NULL,
	CONSTRAINT "backfill_change_action" CHECK ("backfill_change"."action" in ('pause', 'resume', 'cancel'))
);
--> statement-breakpoint
CREATE TABLE "backfill_date" (
	"backfill_id" text NOT NULL,
	"due_at" timestamp (3) with time zone NOT NULL,
	"position" integer NOT NULL,
	"logical_at" timestamp (3) with time zone NOT NULL,
	"interval_start_at" timestamp (3) with time zone NOT NULL,
	"run_key" text NOT NULL,
	"rerun_of" text,
	"state" text NOT NULL,
	"run_id" text,
	"reason" text NOT NULL,
	"said_at" timestamp (3) with time zone,
	"end_said_at" timestamp (3) with time zone,
	"settled_at" timestamp (3) with time zone,
	CONSTRAINT "backfill_date_backfill_id_due_at_pk" PRIMARY KEY("backfill_id","due_at"),
	CONSTRAINT "backfill_date_state" CHECK (case
        when "backfill_date"."state" = 'waiting' then "backfill_date"."run_id" is null and "backfill_date"."said_at" is null and "backfill_date"."settled_at" is null
        when "backfill_date"."state" = 'starting' then "backfill_date"."run_id" is not null and "backfill_date"."said_at" is not null and "backfill_date"."settled_at" is null
        when "backfill_date"."state" = 'running' then "backfill_date"."run_id" is not null and "backfill_date"."said_at" is null and "backfill_date"."settled_at" is null
        when "backfill_date"."state" in ('succeeded', 'failed', 'cancelled') then "backfill_date"."run_id" is not null
          and "backfill_date"."said_at" is null and "backfill_date"."settled_at" is not null
        else "backfill_date"."state" in ('skipped', 'refused', 'abandoned') and "backfill_date"."reason" <> ''
          and "backfill_date"."said_at" is null and "backfill_date"."settled_at" is not null end)
);
--> statement-breakpoint
CREATE TABLE "mark" (
	"name" text PRIMARY KEY NOT NULL,
	"at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "schedule" (
	"dag_id" text PRIMARY KEY NOT NULL,
	"revision" bigint NOT NULL,
	"version" integer NOT NULL,
	"applied_at" timestamp (3) with time zone NOT NULL,
	"paused" boolean NOT NULL,
	"paused_at" timestamp (3) with time zone,
	"retired" boolean DEFAULT false NOT NULL,
	"was" text[] DEFAULT '{}' NOT NULL,
	"timezone" text NOT NULL,
	"timing" jsonb,
	"policy" jsonb NOT NULL,
	"rules" jsonb NOT NULL,
	"params" jsonb,
	"dynamic_at" timestamp (3) with time zone,
	"handled_at" timestamp (3) with time zone NOT NULL,
	"told_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "schedule_paused" CHECK ("schedule"."paused" = ("schedule"."paused_at" is not null)),
	CONSTRAINT "schedule_catchup" CHECK ("schedule"."policy" ->> 'catchup' in ('none', 'latest', 'all')),
	CONSTRAINT "schedule_version" CHECK ("schedule"."version" >= 1 and "schedule"."revision" >= 1)
);
--> statement-breakpoint
CREATE TABLE "tick" (
	"dag_id" text NOT NULL,
	"due_at" timestamp (3) with time zone NOT NULL,
	"outcome" text NOT NULL,
	"run_id" text,
	"logical_at" timestamp (3) with time zone,
	"interval_start_at" timestamp (3) with time zone,
	"run_key" text,
	"reason" text NOT NULL,
	"recorded_at" timestamp (3) with time zone NOT NULL,
	"said_at" timestamp (3) with time zone,
	"settled_at" timestamp (3) with time zone,
	CONSTRAINT "tick_dag_id_due_at_pk" PRIMARY KEY("dag_id","due_at"),
	CONSTRAINT "tick_outcome" CHECK (case "tick"."outcome"
        when 'firing' then "tick"."run_id" is null and "tick"."said_at" is not null and "tick"."settled_at" is null
          and "tick"."run_key" is not null and "tick"."logical_at" is not null and "tick"."interval_start_at" is not null
        when 'fired' then "tick"."run_id" is not null and "tick"."said_at" is null and "tick"."settled_at" is not null
        else "tick"."outcome" in ('skipped', 'missed', 'suppressed') and "tick"."reason" <> ''
          and "tick"."run_id" is null and "tick"."said_at" is null and "tick"."settled_at" is not null end)
);
--> statement-breakpoint
CREATE TABLE "trigger" (
	"source" text NOT NULL,
	"id" text NOT NULL,
	"dag_id" text NOT NULL,
	"subject" text NOT NULL,
	"received_at" timestamp (3) with time zone NOT NULL,
	"outcome" text NOT NULL,
	"run_key" text,
	"run_id" text,
	"reason" text NOT NULL,
	"start" "bytea",
	"said_at" timestamp (3) with time zone,
	"rule" text,
	"group_key" text,
	"waits" jsonb,
	"lead_source" text,
	"lead_id" text,
	CONSTRAINT "trigger_source_id_dag_id_pk" PRIMARY KEY("source","id","dag_id"),
	CONSTRAINT "trigger_outcome" CHECK (case
        when "trigger"."outcome" = 'starting' then "trigger"."run_key" is not null and "trigger"."run_id" is null
          and ("trigger"."start" is null) = ("trigger"."said_at" is null) and ("trigger"."start" is null) = ("trigger"."lead_id" is not null)
        when "trigger"."outcome" in ('started', 'joined', 'paused-queued') then "trigger"."run_id" is not null
          and "trigger"."start" is null and "trigger"."said_at" is null
        else "trigger"."outcome" in ('waiting', 'filtered', 'rate-limited', 'rejected', 'unbound', 'dead') and "trigger"."reason" <> ''
          and "trigger"."run_id" is null and "trigger"."start" is null and "trigger"."said_at" is null end),
	CONSTRAINT "trigger_waits" CHECK (("trigger"."outcome" = 'waiting') = ("trigger"."waits" is not null)
        and ("trigger"."rule" is null) = ("trigger"."group_key" is null) and ("trigger"."waits" is null or "trigger"."rule" is not null)
        and ("trigger"."lead_source" is null) = ("trigger"."lead_id" is null)),
	CONSTRAINT "trigger_dag" CHECK ("trigger"."outcome" = 'dead' or ("trigger"."outcome" = 'unbound') = ("trigger"."dag_id" = ''))
);
--> statement-breakpoint
CREATE TABLE "trigger_group" (
	"dag_id" text NOT NULL,
	"rule" text NOT NULL,
	"key" text NOT NULL,
	"opened_at" timestamp (3) with time zone NOT NULL,
	"due_at" timestamp (3) with time zone,
	"closed_at" timestamp (3) with time zone,
	"met" integer[] NOT NULL,
	"count" integer NOT NULL,
	"bytes" integer NOT NULL,
	"lead_source" text NOT NULL,
	"lead_id" text NOT NULL,
	"reason" text NOT NULL,
	CONSTRAINT "trigger_group_dag_id_rule_key_pk" PRIMARY KEY("dag_id","rule","key"),
	CONSTRAINT "trigger_group_closed" CHECK ("trigger_group"."closed_at" is null or "trigger_group"."due_at" is null)
);
--> statement-breakpoint
CREATE TABLE "trigger_rate" (
	"dag_id" text NOT NULL,
	"rule" text NOT NULL,
	"admitted" jsonb NOT NULL,
	CONSTRAINT "trigger_rate_dag_id_rule_pk" PRIMARY KEY("dag_id","rule")
);
--> statement-breakpoint
CREATE INDEX "backfill_newest" ON "backfill" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "backfill_unfinished" ON "backfill" USING btree ("created_at") WHERE finished_at is null;--> statement-breakpoint
CREATE INDEX "backfill_change_of" ON "backfill_change" USING btree ("backfill_id","id");--> statement-breakpoint
CREATE INDEX "backfill_date_waiting" ON "backfill_date" USING btree ("backfill_id","position") WHERE state = 'waiting';--> statement-breakpoint
CREATE INDEX "backfill_date_active" ON "backfill_date" USING btree ("run_id") WHERE state in ('starting', 'running');--> statement-breakpoint
CREATE INDEX "schedule_told" ON "schedule" USING btree ("told_at");--> statement-breakpoint
CREATE INDEX "tick_firing" ON "tick" USING btree ("said_at") WHERE outcome = 'firing';--> statement-breakpoint
CREATE INDEX "trigger_starting" ON "trigger" USING btree ("said_at") WHERE outcome = 'starting';--> statement-breakpoint
CREATE INDEX "trigger_waiting" ON "trigger" USING btree ("dag_id","rule","group_key") WHERE outcome = 'waiting';--> statement-breakpoint
CREATE INDEX "trigger_led" ON "trigger" USING btree ("lead_source","lead_id","dag_id") WHERE outcome = 'starting';--> statement-breakpoint
CREATE INDEX "trigger_received" ON "trigger" USING btree ("received_at");--> statement-breakpoint
CREATE INDEX "trigger_group_due" ON "trigger_group" USING btree ("due_at") WHERE due_at is not null;--> statement-breakpoint
CREATE INDEX "trigger_group_open" ON "trigger_group" USING btree ("dag_id") WHERE closed_at is null;