CREATE TABLE "state_machine"."audit" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "state_machine"."audit_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"principal" text NOT NULL,
	"action" text NOT NULL,
	"resource" text NOT NULL,
	"reason" text NOT NULL,
	"detail" jsonb NOT NULL,
	"cause" text
);
--> statement-breakpoint
CREATE TABLE "state_machine"."dag" (
	"dag_id" text PRIMARY KEY NOT NULL,
	"version" integer NOT NULL,
	"format" smallint NOT NULL,
	"number" integer NOT NULL,
	"fingerprint" text NOT NULL,
	"paused" boolean NOT NULL,
	"paused_by" text DEFAULT '' NOT NULL,
	"pause_reason" text DEFAULT '' NOT NULL,
	"retired" boolean DEFAULT false NOT NULL,
	"has_waiting" boolean NOT NULL,
	"active" text[] NOT NULL,
	"reopened" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"failing" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"changed_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "state_machine"."dag_spec" (
	"dag_id" text NOT NULL,
	"fingerprint" text NOT NULL,
	"spec" "bytea" NOT NULL,
	"was" text[] NOT NULL,
	"links" jsonb,
	CONSTRAINT "dag_spec_dag_id_fingerprint_pk" PRIMARY KEY("dag_id","fingerprint")
);
--> statement-breakpoint
CREATE TABLE "state_machine"."dag_version" (
	"dag_id" text NOT NULL,
	"number" integer NOT NULL,
	"fingerprint" text NOT NULL,
	"applied_at" timestamp (3) with time zone NOT NULL,
	"applied_by" text NOT NULL,
	"note" text NOT NULL,
	"commit_id" text DEFAULT '' NOT NULL,
	CONSTRAINT "dag_version_dag_id_number_pk" PRIMARY KEY("dag_id","number")
);
--> statement-breakpoint
CREATE TABLE "state_machine"."pool" (
	"pool" text PRIMARY KEY NOT NULL,
	"version" bigint NOT NULL,
	"format" smallint NOT NULL,
	"size" integer NOT NULL,
	"declared" integer,
	"asked" bigint NOT NULL,
	"served" bigint NOT NULL,
	"turns" jsonb NOT NULL,
	"changed_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "state_machine"."pool_claim" (
	"pool" text NOT NULL,
	"attempt_id" text NOT NULL,
	"run_id" text NOT NULL,
	"dag_id" text NOT NULL,
	"task_id" text NOT NULL,
	"map_index" integer NOT NULL,
	"attempt" integer NOT NULL,
	"slots" integer NOT NULL,
	"taken" integer NOT NULL,
	"priority" integer NOT NULL,
	"place" bigint NOT NULL,
	"asked_at" timestamp (3) with time zone NOT NULL,
	"granted_at" timestamp (3) with time zone,
	CONSTRAINT "pool_claim_pool_attempt_id_pk" PRIMARY KEY("pool","attempt_id"),
	CONSTRAINT "pool_claim_taken_when_granted" CHECK (("state_machine"."pool_claim"."taken" > 0) = ("state_machine"."pool_claim"."granted_at" is not null))
);
--> statement-breakpoint
CREATE TABLE "state_machine"."run" (
	"run_id" text PRIMARY KEY NOT NULL,
	"dag_id" text NOT NULL,
	"dag_number" integer NOT NULL,
	"fingerprint" text NOT NULL,
	"key" text NOT NULL,
	"state" text NOT NULL,
	"version" integer NOT NULL,
	"announced_version" integer DEFAULT 0 NOT NULL,
	"format" smallint NOT NULL,
	"reason" text,
	"cause_kind" text NOT NULL,
	"cause_by" text NOT NULL,
	"params" jsonb NOT NULL,
	"event" jsonb NOT NULL,
	"rerun_of" text,
	"traceparent" text,
	"trace_id" text NOT NULL,
	"traced" boolean NOT NULL,
	"logical_at" timestamp (3) with time zone NOT NULL,
	"interval_start_at" timestamp (3) with time zone NOT NULL,
	"interval_end_at" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"started_at" timestamp (3) with time zone,
	"settled_at" timestamp (3) with time zone,
	"last_at" timestamp (3) with time zone NOT NULL,
	"wake_at" timestamp (3) with time zone,
	"settled_by" text,
	"parents" jsonb,
	"previous_run_id" text,
	CONSTRAINT "run_state_known" CHECK ("state_machine"."run"."state" in ('queued', 'running', 'cancelling', 'succeeded', 'failed', 'cancelled')),
	CONSTRAINT "run_settled_at_when_settled" CHECK (("state_machine"."run"."state" in ('succeeded', 'failed', 'cancelled')) = ("state_machine"."run"."settled_at" is not null))
);
--> statement-breakpoint
CREATE TABLE "state_machine"."run_event" (
	"run_id" text NOT NULL,
	"version" integer NOT NULL,
	"format" smallint NOT NULL,
	"events" text NOT NULL,
	CONSTRAINT "run_event_run_id_version_pk" PRIMARY KEY("run_id","version")
);
--> statement-breakpoint
CREATE TABLE "state_machine"."stream_position" (
	"stream" text PRIMARY KEY NOT NULL,
	"created" text NOT NULL,
	"last_sequence" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "state_machine"."stream_setting" (
	"stream" text PRIMARY KEY NOT NULL,
	"settings" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "state_machine"."task" (
	"run_id" text NOT NULL,
	"task_id" text NOT NULL,
	"map_index" integer NOT NULL,
	"state" text NOT NULL,
	"attempt" integer NOT NULL,
	"sequence" integer NOT NULL,
	"free_repeats" integer NOT NULL,
	"cause" text NOT NULL,
	"cancel_for" text,
	"assigned_at" timestamp (3) with time zone,
	"accepted_at" timestamp (3) with time zone,
	"started_at" timestamp (3) with time zone,
	"ended_at" timestamp (3) with time zone,
	"due_at" timestamp (3) with time zone,
	"failure" jsonb,
	"reason" text,
	"link" text,
	"output" jsonb,
	"more" jsonb,
	CONSTRAINT "task_run_id_task_id_map_index_pk" PRIMARY KEY("run_id","task_id","map_index"),
	CONSTRAINT "task_state_known" CHECK ("state_machine"."task"."state" in ('waiting', 'queued', 'assigned', 'running', 'cancelling', 'retrying', 'awaiting_approval', 'succeeded', 'failed', 'skipped', 'upstream_failed', 'cancelled', 'removed')),
	CONSTRAINT "task_due_when_retrying" CHECK ("state_machine"."task"."state" <> 'retrying' or "state_machine"."task"."due_at" is not null),
	CONSTRAINT "task_cancel_for_when_cancelling" CHECK (("state_machine"."task"."state" = 'cancelling') = ("state_machine"."task"."cancel_for" is not null))
);
--> statement-breakpoint
CREATE INDEX "audit_of_resource" ON "state_machine"."audit" USING btree ("resource","at");--> statement-breakpoint
CREATE INDEX "pool_claim_of_task" ON "state_machine"."pool_claim" USING btree ("run_id","task_id","map_index");--> statement-breakpoint
CREATE INDEX "run_newest" ON "state_machine"."run" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "run_of_dag" ON "state_machine"."run" USING btree ("dag_id","created_at");--> statement-breakpoint
CREATE INDEX "run_by_logical_time" ON "state_machine"."run" USING btree ("dag_id","logical_at");--> statement-breakpoint
CREATE INDEX "run_due" ON "state_machine"."run" USING btree ("wake_at") WHERE "state_machine"."run"."wake_at" is not null;--> statement-breakpoint
CREATE INDEX "run_queued" ON "state_machine"."run" USING btree ("dag_id","created_at") WHERE "state_machine"."run"."state" = 'queued';--> statement-breakpoint
CREATE INDEX "run_settled" ON "state_machine"."run" USING btree ("settled_at");--> statement-breakpoint
CREATE INDEX "task_unaccepted" ON "state_machine"."task" USING btree ("assigned_at") WHERE "state_machine"."task"."state" = 'assigned' and "state_machine"."task"."accepted_at" is null;--> statement-breakpoint
CREATE INDEX "task_cancelling" ON "state_machine"."task" USING btree ("run_id") WHERE "state_machine"."task"."state" = 'cancelling';--> statement-breakpoint
CREATE INDEX "task_held" ON "state_machine"."task" USING btree ("accepted_at") WHERE "state_machine"."task"."state" in ('assigned', 'running') and "state_machine"."task"."accepted_at" is not null;--> statement-breakpoint
CREATE INDEX "task_queued" ON "state_machine"."task" USING btree ("run_id") WHERE "state_machine"."task"."state" = 'queued';--> statement-breakpoint
CREATE INDEX "task_child" ON "state_machine"."task" USING btree ("run_id") WHERE jsonb_exists("state_machine"."task"."more", 'child') and "state_machine"."task"."state" in ('assigned', 'running');--> statement-breakpoint
CREATE INDEX "task_awaiting" ON "state_machine"."task" USING btree ("run_id") WHERE "state_machine"."task"."state" = 'awaiting_approval';--> statement-breakpoint
ALTER TABLE "state_machine"."run" SET (fillfactor = 70);--> statement-breakpoint
ALTER TABLE "state_machine"."task" SET (fillfactor = 70);--> statement-breakpoint
ALTER TABLE "state_machine"."dag" SET (fillfactor = 50);--> statement-breakpoint
ALTER TABLE "state_machine"."pool" SET (fillfactor = 50);
