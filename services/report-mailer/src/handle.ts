// One attempt of a report: prepare everything, then one recipient after another, then say what became of all.
// Invariants:
//   H1. Nothing is sent before everything that can fail without sending was done.
//   H2. A recipient's trouble is its own; a mail server that is away or refuses us ends the attempt for all.
//   H3. Every recipient is in the log and, if it got no mail, in the output.
import { deriveId } from "@chasqui/contracts";
import type { Attempt, Outcome } from "@chasqui/runner";
import { deliver, type Delivering } from "./deliver.ts";
import { headerText } from "./core/address.ts";
import type { Author, Delivery, Evidence } from "./core/delivery.ts";
import { outcomeOf, type ReportOutcome } from "./core/outcome.ts";
import type { Candidate, DueRecipient } from "./core/recipients.ts";
import type { SendResult } from "./core/send-result.ts";
import { csvAttachment } from "./ports/csv-attachment.ts";
import type { Clock, Ledger } from "./ports/ledger.ts";
import type { LookUpMail, Mail, Mailer } from "./ports/mail.ts";
import type { MailConnection } from "./connections.ts";
import { prepare, type Prepared, type PreparePorts } from "./prepare.ts";
import type { MailSpan, TraceMails } from "./trace-mails.ts";
import type { ReportConfig } from "./translate.ts";

export interface ReportPorts extends PreparePorts {
  readonly ledger: (about: { readonly report: string; readonly period: string }) => Ledger;
  readonly mailer: (connection: MailConnection) => Mailer | Promise<Mailer>;
  readonly lookUp: (connection: MailConnection) => LookUpMail | undefined;
  readonly clock: Clock;
  readonly traceMails: TraceMails;
  readonly leaseMs: number;
  /** Recipients in hand at a time, and at most so many mails a second. */
  readonly sendsMax: number;
  readonly mailsPerSecondMax: number;
}

export interface ReportContext {
  readonly signal: AbortSignal;
  log(line: string): void;
  /** The span that the work is part of, if it is not the assignment's. */
  readonly traceparent?: string | undefined;
}

const NAME_LENGTH_MAX = 100;
const SUBJECT_LENGTH_MAX = 200;

interface BrokenOff {
  readonly message: string;
  readonly permanent: boolean;
  readonly evidence: Evidence;
}

export async function sendReport(
  attempt: Attempt<ReportConfig>,
  context: ReportContext,
  ports: ReportPorts,
): Promise<Outcome> {
  const { config, runId, taskId, attemptId, dagId, environment } = attempt;
  const about = { environment, run: { id: runId, dag_id: dagId } };
  const prepared = await prepare(config, about, { ...ports, signal: context.signal });
  const due = prepared.candidates.filter((candidate) => candidate.kind === "due").length;
  context.log(`${config.report} ${config.period}: ${due} of ${prepared.candidates.length} due`);
  const mailer = await ports.mailer(prepared.connection);
  try {
    const author = { runId, taskId, attemptId };
    const sending = new Sending({ attempt, context, ports, prepared, author, mailer });
    const outcome = await sending.all();
    if (context.signal.aborted) return { state: "cancelled" };
    return outcomeFor(outcome, context);
  } finally {
    mailer.close();
  }
}

interface SendingOptions {
  readonly attempt: Attempt<ReportConfig>;
  readonly context: ReportContext;
  readonly ports: ReportPorts;
  readonly prepared: Prepared;
  readonly author: Author;
  readonly mailer: Mailer;
}

/** All recipients of one attempt. */
class Sending {
  readonly #o: SendingOptions;
  #brokenOff: BrokenOff | undefined;
  #nextSendMs = 0;

  constructor(options: SendingOptions) {
    this.#o = options;
  }

  async all(): Promise<ReportOutcome> {
    const { prepared, ports, attempt } = this.#o;
    const { report, period } = attempt.config;
    const ledger = ports.ledger({ report, period });
    const stored = await ledger.load(prepared.candidates.map((candidate) => candidate.key));
    // Who is claimed by somebody else may have to be waited for, so they come last.
    const order = [...prepared.candidates].sort(
      (a, b) => Number(isClaimed(stored.get(a.key))) - Number(isClaimed(stored.get(b.key))),
    );
    const rows = new Map<string, Delivery>();
    const queue = order.values();
    const worker = async (): Promise<void> => {
      for (const candidate of queue) {
        const row = await deliver(candidate, stored.get(candidate.key), this.#delivering(ledger));
        rows.set(candidate.key, row ?? this.#notTried(candidate));
        this.#logRow(candidate.key, rows.get(candidate.key));
      }
    };
    await allEnded(Array.from({ length: ports.sendsMax }, worker), (error) => this.#stop(error));
    const brokenOff = this.#brokenOff;
    return outcomeOf({
      report,
      period,
      runId: attempt.runId,
      rows: prepared.candidates.map(({ key }) => ({ key, row: rowOf(rows, key) })),
      ...(brokenOff === undefined ? {} : { brokenOff }),
    });
  }

  #delivering(ledger: Ledger): Delivering {
    const { author, context, mailer, ports, prepared, attempt } = this.#o;
    const { report, period } = attempt.config;
    const { domain } = prepared.connection;
    return {
      ledger,
      author,
      clock: ports.clock,
      leaseMs: ports.leaseMs,
      signal: context.signal,
      mailer: { ...mailer, send: (mail, options) => this.#send(mail, options) },
      lookUp: ports.lookUp(prepared.connection),
      messageIdOf: (key) => `<${deriveId("mail", report, period, key)}@${domain}>`,
      compose: (recipient, messageId) => this.#compose(recipient, messageId),
      brokenOff: () => this.#brokenOff !== undefined || context.signal.aborted,
      onSent: (_recipient, result) => this.#noteServer(result),
    };
  }

  /** The pace is kept before the claim, so that no lease runs out while a mail waits its turn. */
  async #compose(recipient: DueRecipient, messageId: string): Promise<Mail> {
    const { prepared, attempt, ports, context } = this.#o;
    const { report, period, attach } = attempt.config;
    const rendered = await prepared.template.render(prepared.scopeOf(recipient));
    const now = ports.clock.monotonicMs();
    const turnMs = Math.max(now, this.#nextSendMs);
    this.#nextSendMs = turnMs + 1_000 / ports.mailsPerSecondMax;
    if (turnMs > now) await ports.clock.sleep(turnMs - now, context.signal);
    const name = recipient.recipient["name"];
    const { subject = rendered.subject } = attempt.config;
    return {
      ...rendered,
      subject: headerText(subject, SUBJECT_LENGTH_MAX),
      messageId,
      to: {
        name: typeof name === "string" ? headerText(name, NAME_LENGTH_MAX) : "",
        address: recipient.address,
      },
      attachments: attach.map(() =>
        csvAttachment(recipient.rows, { report, period, key: recipient.key }),
      ),
      headers: { "Auto-Submitted": "auto-generated", "X-Chasqui-Run": attempt.runId },
    };
  }

  async #send(mail: Mail, options: { readonly untilMs: number }): Promise<SendResult> {
    const { ports, attempt, context, mailer, prepared } = this.#o;
    const traceparent = context.traceparent ?? attempt.traceparent;
    const { host, port } = prepared.connection;
    const span: MailSpan = ports.traceMails(traceparent, { ref: attempt, host, port });
    const result = await mailer.send(
      { ...mail, headers: { ...mail.headers, ...span.headers } },
      options,
    );
    span.end(result);
    return result;
  }

  /** Our own trouble, such as a ledger that is away: mails on their way are let arrive, no other begins. */
  #stop(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#brokenOff ??= { message, permanent: false, evidence: {} };
  }

  #noteServer(result: SendResult): void {
    if (result.kind !== "refused" || result.scope !== "everyone") return;
    const { message, permanent, evidence } = result;
    this.#brokenOff ??= { message, permanent, evidence };
  }

  #notTried(candidate: Candidate): Delivery {
    const { author, prepared, attempt } = this.#o;
    const { report, period } = attempt.config;
    return {
      ...author,
      state: "pending",
      version: 0,
      address: candidate.kind === "due" ? candidate.address : "",
      messageId: `<${deriveId("mail", report, period, candidate.key)}@${prepared.connection.domain}>`,
      reason: "not tried: sending was broken off",
      evidence: {},
    };
  }

  #logRow(key: string, row: Delivery | undefined): void {
    if (row === undefined) return;
    const to = "address" in row && row.address !== "" ? ` ${row.address}` : "";
    const why = "reason" in row ? `: ${row.reason}` : "";
    const before = row.state === "sent" && row.attemptId !== this.#o.author.attemptId;
    this.#o.context.log(`${key}${to} ${before ? "sent before" : row.state}${why}`);
  }
}

/** Waits for all, also when one fails; then fails with the first error. */
async function allEnded(
  running: readonly Promise<void>[],
  onError: (error: unknown) => void,
): Promise<void> {
  for (const one of running) one.catch(onError);
  const ended = await Promise.allSettled(running);
  for (const one of ended) if (one.status === "rejected") throw one.reason;
}

const isClaimed = (row: Delivery | undefined): boolean => row?.state === "claimed";

function rowOf(rows: ReadonlyMap<string, Delivery>, key: string): Delivery {
  const row = rows.get(key);
  if (row === undefined) throw new Error(`recipient ${key} was not looked at`);
  return row;
}

function outcomeFor(outcome: ReportOutcome, context: ReportContext): Outcome {
  const { output } = outcome;
  context.log(
    `${output.sent} sent, ${output.left_out.length} left out, ${output.failed.length} failed, ${output.unconfirmed.length} unconfirmed of ${output.total}`,
  );
  if (outcome.kind === "succeeded") return { state: "succeeded", output: toJson(output) };
  return {
    state: "failed",
    failure: {
      class: outcome.class,
      message: outcome.message,
      permanent: outcome.permanent,
      evidence: { ...outcome.evidence, output: toJson(output) },
    },
  };
}

type Output = ReportOutcome["output"];
type OutputJson = {
  [K in keyof Output]: Output[K] extends readonly unknown[]
    ? { key: string; reason: string }[]
    : Output[K];
};

const toJson = (output: Output): OutputJson => ({
  ...output,
  left_out: output.left_out.map((named) => ({ ...named })),
  failed: output.failed.map((named) => ({ ...named })),
  unconfirmed: output.unconfirmed.map((named) => ({ ...named })),
});
