CREATE TABLE "wait" (
	"attempt_id" text PRIMARY KEY NOT NULL,
	"run_id" text NOT NULL,
	"task_id" text NOT NULL,
	"map_index" integer NOT NULL,
	"attempt" integer NOT NULL,
	"traceparent" text NOT NULL,
	"kind" text NOT NULL,
	"spec" jsonb NOT NULL,
	"topic" text,
	"state" text NOT NULL,
	"version" integer NOT NULL,
	"accepted_at" timestamp (3) with time zone NOT NULL,
	"deadline_at" timestamp (3) with time zone NOT NULL,
	"next_poll_at" timestamp (3) with time zone,
	"lease_until" timestamp (3) with time zone,
	"poll_count" integer NOT NULL,
	"silence_count" integer NOT NULL,
	"line_count" integer NOT NULL,
	"note" text NOT NULL,
	"cursor" jsonb,
	"nudge_count" integer NOT NULL,
	"outcome" jsonb,
	"ended_at" timestamp (3) with time zone,
	"reported_at" timestamp (3) with time zone,
	"confirmed_at" timestamp (3) with time zone,
	CONSTRAINT "wait_state" CHECK ("wait"."state" in ('waiting', 'ended', 'done')),
	CONSTRAINT "wait_next" CHECK (("wait"."state" = 'waiting') = ("wait"."next_poll_at" is not null)),
	CONSTRAINT "wait_outcome" CHECK (("wait"."state" = 'waiting') = ("wait"."outcome" is null)),
	CONSTRAINT "wait_ended" CHECK (("wait"."state" = 'waiting') = ("wait"."ended_at" is null)),
	CONSTRAINT "wait_reported" CHECK ("wait"."reported_at" is null or "wait"."state" <> 'waiting'),
	CONSTRAINT "wait_done_confirmed" CHECK (("wait"."state" = 'done') = ("wait"."confirmed_at" is not null)),
	CONSTRAINT "wait_version" CHECK ("wait"."version" >= 1)
);
--> statement-breakpoint
CREATE INDEX "wait_due" ON "wait" USING btree ("kind","next_poll_at") WHERE "wait"."state" = 'waiting';--> statement-breakpoint
CREATE INDEX "wait_topic" ON "wait" USING btree ("kind","topic") WHERE "wait"."state" = 'waiting' and "wait"."topic" is not null;--> statement-breakpoint
CREATE INDEX "wait_open" ON "wait" USING btree ("kind","attempt_id") WHERE "wait"."state" <> 'done';--> statement-breakpoint
CREATE INDEX "wait_done" ON "wait" USING btree ("confirmed_at") WHERE "wait"."state" = 'done';