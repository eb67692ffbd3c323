// The delivery ledger: one row per report, period and recipient. A database belongs to one environment, so the
// environment is no part of the key. The migrations in drizzle/ are generated from this file; statements live beside it.
// Invariants, kept by the table itself:
//   L1. One row per recipient, report and period, for ever: nobody is claimed twice at a time.
//   L2. A state never lacks what it stands for: a claim its lease, a mail its Message-ID, a refusal its reason.
import { sql } from "drizzle-orm";
import {
  check,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
} from "drizzle-orm/pg-core";
import type { Evidence } from "../core/delivery.ts";

const instant = (name: string) => timestamp(name, { withTimezone: true, precision: 3 });

export const delivery = pgTable(
  "delivery",
  {
    report: text("report").notNull(),
    period: text("period").notNull(),
    recipientKey: text("recipient_key").notNull(),
    /** Counts the row's writes: what every write believed. */
    version: integer("version").notNull(),
    state: text("state").notNull(),
    /** Empty for who is left out. */
    address: text("address").notNull(),
    /** Null for who is left out. */
    messageId: text("message_id"),
    /** Why there is no mail, or what is in doubt; empty for the others. */
    reason: text("reason").notNull(),
    /** What the mail server said. */
    evidence: jsonb("evidence").$type<Evidence>().notNull(),
    /** Until when the claim is the claimer's alone. */
    leaseUntil: instant("lease_until"),
    sentAt: instant("sent_at"),
    /** The run, task and attempt that wrote the row last. */
    runId: text("run_id").notNull(),
    taskId: text("task_id").notNull(),
    attemptId: text("attempt_id").notNull(),
    changedAt: instant("changed_at").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.report, t.period, t.recipientKey] }),
    index("delivery_run").on(t.runId),
    // What people should look at, beside millions of mails that are at their end.
    index("delivery_open")
      .on(t.state)
      .where(sql`${t.state} in ('claimed', 'pending', 'failed', 'unconfirmed')`),
    check(
      "delivery_state",
      sql`${t.state} in ('left_out', 'claimed', 'pending', 'sent', 'failed', 'unconfirmed')`,
    ),
    check("delivery_version", sql`${t.version} >= 1`),
    check("delivery_lease", sql`(${t.state} = 'claimed') = (${t.leaseUntil} is not null)`),
    check("delivery_sent", sql`(${t.state} = 'sent') = (${t.sentAt} is not null)`),
    check(
      "delivery_mail",
      sql`(${t.state} = 'left_out') = (${t.messageId} is null) and (${t.state} = 'left_out') = (${t.address} = '')`,
    ),
    check("delivery_reason", sql`(${t.state} in ('claimed', 'sent')) = (${t.reason} = '')`),
  ],
);
