CREATE TABLE "delivery" (
	"report" text NOT NULL,
	"period" text NOT NULL,
	"recipient_key" text NOT NULL,
	"version" integer NOT NULL,
	"state" text NOT NULL,
	"address" text NOT NULL,
	"message_id" text,
	"reason" text NOT NULL,
	"evidence" jsonb NOT NULL,
	"lease_until" timestamp (3) with time zone,
	"sent_at" timestamp (3) with time zone,
	"run_id" text NOT NULL,
	"task_id" text NOT NULL,
	"attempt_id" text NOT NULL,
	"changed_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "delivery_report_period_recipient_key_pk" PRIMARY KEY("report","period","recipient_key"),
	CONSTRAINT "delivery_state" CHECK ("delivery"."state" in ('left_out', 'claimed', 'pending', 'sent', 'failed', 'unconfirmed')),
	CONSTRAINT "delivery_version" CHECK ("delivery"."version" >= 1),
	CONSTRAINT "delivery_lease" CHECK (("delivery"."state" = 'claimed') = ("delivery"."lease_until" is not null)),
	CONSTRAINT "delivery_sent" CHECK (("delivery"."state" = 'sent') = ("delivery"."sent_at" is not null)),
	CONSTRAINT "delivery_mail" CHECK (("delivery"."state" = 'left_out') = ("delivery"."message_id" is null) and ("delivery"."state" = 'left_out') = ("delivery"."address" = '')),
	CONSTRAINT "delivery_reason" CHECK (("delivery"."state" in ('claimed', 'sent')) = ("delivery"."reason" = ''))
);
--> statement-breakpoint
CREATE INDEX "delivery_run" ON "delivery" USING btree ("run_id");--> statement-breakpoint
CREATE INDEX "delivery_open" ON "delivery" USING btree ("state") WHERE "delivery"."state" in ('claimed', 'pending', 'failed', 'unconfirmed');