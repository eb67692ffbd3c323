CREATE TABLE "channel" (
	"name" text PRIMARY KEY NOT NULL,
	"channel_id" text,
	"next_post_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "incident" (
	"incident_id" text PRIMARY KEY NOT NULL,
	"run_id" text NOT NULL,
	"dag_id" text NOT NULL,
	"channel" text NOT NULL,
	"state" text NOT NULL,
	"title" text NOT NULL,
	"facts" jsonb NOT NULL,
	"asked" jsonb NOT NULL,
	"revision" integer NOT NULL,
	"traceparent" text NOT NULL,
	"delivery" text NOT NULL,
	"delivery_version" integer NOT NULL,
	"posted_revision" integer NOT NULL,
	"channel_id" text,
	"message_ts" text,
	"lease_until" timestamp (3) with time zone,
	"claimed_at" timestamp (3) with time zone,
	"failure_count" integer NOT NULL,
	"reason" text NOT NULL,
	"next_at" timestamp (3) with time zone NOT NULL,
	"opened_at" timestamp (3) with time zone NOT NULL,
	"changed_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "incident_state" CHECK ("incident"."state" in ('open', 'recovered', 'failed', 'cancelled', 'succeeded', 'paused', 'asked', 'answered')),
	CONSTRAINT "incident_delivery" CHECK ("incident"."delivery" in ('pending', 'posting', 'posted', 'refused', 'unconfirmed')),
	CONSTRAINT "incident_place" CHECK (("incident"."delivery" = 'posted') = ("incident"."message_ts" is not null) and ("incident"."message_ts" is null) = ("incident"."channel_id" is null)),
	CONSTRAINT "incident_posted" CHECK (("incident"."delivery" = 'posted') = ("incident"."posted_revision" > 0) and "incident"."posted_revision" <= "incident"."revision"),
	CONSTRAINT "incident_lease" CHECK ("incident"."delivery" <> 'posting' or ("incident"."lease_until" is not null and "incident"."claimed_at" is not null)),
	CONSTRAINT "incident_reason" CHECK ("incident"."delivery" not in ('refused', 'unconfirmed') or "incident"."reason" <> '')
);
--> statement-breakpoint
CREATE TABLE "reconciled" (
	"name" text PRIMARY KEY NOT NULL,
	"settled_before" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE INDEX "incident_run" ON "incident" USING btree ("run_id");--> statement-breakpoint
CREATE INDEX "incident_changed" ON "incident" USING btree ("changed_at");--> statement-breakpoint
CREATE INDEX "incident_due" ON "incident" USING btree ("channel","opened_at") WHERE "incident"."delivery" <> 'posted' or "incident"."posted_revision" < "incident"."revision";