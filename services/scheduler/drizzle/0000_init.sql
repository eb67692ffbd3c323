CREATE TABLE "schedule" (
	"dag_id" text PRIMARY KEY NOT NULL,
	"revision" bigint NOT NULL,
	"version" integer NOT NULL,
	"applied_at" timestamp (3) with time zone NOT NULL,
	"paused" boolean NOT NULL,
	"paused_at" timestamp (3) with time zone,
	"timezone" text NOT NULL,
	"timing" jsonb,
	"policy" jsonb NOT NULL,
	"triggers" jsonb NOT NULL,
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
	"reason" text NOT NULL,
	"recorded_at" timestamp (3) with time zone NOT NULL,
	"said_at" timestamp (3) with time zone,
	"settled_at" timestamp (3) with time zone,
	CONSTRAINT "tick_dag_id_due_at_pk" PRIMARY KEY("dag_id","due_at"),
	CONSTRAINT "tick_outcome" CHECK (case "tick"."outcome"
        when 'firing' then "tick"."run_id" is null and "tick"."said_at" is not null and "tick"."settled_at" is null
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
	CONSTRAINT "trigger_source_id_dag_id_pk" PRIMARY KEY("source","id","dag_id"),
	CONSTRAINT "trigger_outcome" CHECK (case "trigger"."outcome"
        when 'starting' then "trigger"."run_key" is not null and "trigger"."start" is not null and "trigger"."said_at" is not null and "trigger"."run_id" is null
        when 'started' then "trigger"."run_id" is not null and "trigger"."start" is null and "trigger"."said_at" is null
        when 'joined' then "trigger"."run_id" is not null and "trigger"."start" is null and "trigger"."said_at" is null
        else "trigger"."outcome" in ('filtered', 'rejected', 'unbound', 'dead') and "trigger"."reason" <> ''
          and "trigger"."run_id" is null and "trigger"."start" is null and "trigger"."said_at" is null end),
	CONSTRAINT "trigger_dag" CHECK ("trigger"."outcome" = 'dead' or ("trigger"."outcome" = 'unbound') = ("trigger"."dag_id" = ''))
);
--> statement-breakpoint
CREATE INDEX "schedule_told" ON "schedule" USING btree ("told_at");--> statement-breakpoint
CREATE INDEX "tick_firing" ON "tick" USING btree ("said_at") WHERE outcome = 'firing';--> statement-breakpoint
CREATE INDEX "trigger_starting" ON "trigger" USING btree ("said_at") WHERE outcome = 'starting';--> statement-breakpoint
CREATE INDEX "trigger_received" ON "trigger" USING btree ("received_at");