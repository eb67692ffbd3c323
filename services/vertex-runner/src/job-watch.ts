// All jobs of ours, asked about one by one until they have ended.
// Invariants:
//   W1. A job is reported once its end is seen, and kept in mind until the state machine was seen to have it.
//   W2. Of two jobs for one attempt (an answer was lost, and the list was late) the older one counts; the other is
//       cancelled as soon as it is seen, and what was asked about it before is not listened to.
//   W3. At most POLLS_MAX calls at a time, however many jobs there are.
import type { AttemptRef, FailureInit, HeldRef, JobReports, Outcome } from "@chasqui/runner";
import { isFinal, judge } from "./core/judge.ts";
import type { Failing } from "./core/judge.ts";
import type { JobFacts } from "./core/job.ts";
import { nextPollDelay } from "./core/poll.ts";
import type { PollBounds } from "./core/poll.ts";
import { consoleLink, noteOf } from "./core/spec.ts";
import type { Vertex } from "./ports/vertex.ts";

const POLLS_MAX = 8;
const TICK_MS = 250;

export interface WatchDeps {
  readonly vertex: Vertex;
  readonly poll: PollBounds;
  readonly now: () => number;
  readonly log: { warn(fields: object, message: string): void };
}

interface Watched {
  readonly ref: AttemptRef;
  job: JobFacts;
  nextPollMs: number;
  delayMs: number;
  saidRunning: boolean;
  /** When the outcome was stored; 0 for one that ended before we saw it: the state machine is asked first. */
  reportedMs: number | undefined;
  busy: boolean;
}

export class JobWatch {
  readonly #deps: WatchDeps;
  readonly #reports: JobReports;
  readonly #jobs = new Map<string, Watched>();
  readonly #polling = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  #stopped = false;

  constructor(deps: WatchDeps, reports: JobReports) {
    this.#deps = deps;
    this.#reports = reports;
    this.#timer = setInterval(() => this.#tick(), Math.min(TICK_MS, deps.poll.delayMs)).unref();
  }

  /** Takes a job in; `found`: not created just now, but listed. */
  take(job: JobFacts, { found }: { readonly found: boolean }): void {
    const ref = noteOf(job);
    if (ref === undefined) return;
    const known = this.#jobs.get(ref.attemptId);
    if (known !== undefined && known.job.name !== job.name) return this.#keepOlder(known, job);
    if (known !== undefined) {
      if (!isFinal(known.job.state)) known.job = job; // a list may be late, an end is an end
      return;
    }
    this.#jobs.set(ref.attemptId, {
      ref,
      job,
      nextPollMs: this.#deps.now() + (found ? 0 : this.#deps.poll.delayMs),
      delayMs: this.#deps.poll.delayMs,
      saidRunning: false,
      reportedMs: found && isFinal(job.state) ? 0 : undefined,
      busy: false,
    });
  }

  jobOf(attemptId: string): JobFacts | undefined {
    return this.#jobs.get(attemptId)?.job;
  }

  held(): HeldRef[] {
    return [...this.#jobs.values()].map(({ ref, job, reportedMs }) => ({
      attemptId: ref.attemptId,
      ref,
      createdMs: job.createdMs,
      state: reportedMs === undefined ? { is: "active" } : { is: "ended", reportedMs },
    }));
  }

  /** Reports the end of a job again; nothing when it has not ended. */
  async report(attemptId: string): Promise<void> {
    const watched = this.#jobs.get(attemptId);
    if (watched !== undefined && isFinal(watched.job.state)) await this.#end(watched);
  }

  forget(attemptId: string): void {
    this.#jobs.delete(attemptId);
  }

  /** Asks about it next. */
  hurry(attemptId: string): void {
    const watched = this.#jobs.get(attemptId);
    if (watched === undefined) return;
    watched.nextPollMs = 0;
    watched.delayMs = this.#deps.poll.delayMs;
  }

  async stop(deadlineMs: number): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    const late = new Promise((resolve) => void setTimeout(resolve, deadlineMs).unref());
    await Promise.race([Promise.all(this.#polling), late]);
  }

  #tick(): void {
    const nowMs = this.#deps.now();
    for (const watched of this.#jobs.values()) {
      if (this.#polling.size >= POLLS_MAX) return;
      if (watched.busy || watched.reportedMs !== undefined || watched.nextPollMs > nowMs) continue;
      watched.busy = true;
      const polling = this.#poll(watched).finally(() => {
        watched.busy = false;
        this.#polling.delete(polling);
      });
      this.#polling.add(polling);
    }
  }

  async #poll(watched: Watched): Promise<void> {
    const { ref, job: before } = watched;
    try {
      const job = await this.#deps.vertex.get(before.name);
      if (this.#stopped || watched.job.name !== before.name) return; // W2
      if (job === undefined) return await this.#lost(watched);
      watched.job = job;
      await this.#act(watched);
    } catch (error) {
      const fields = { attempt_id: ref.attemptId, run_id: ref.runId, job: before.name, error };
      this.#deps.log.warn(fields, "a job could not be asked about; it is asked again");
    }
    const { delayMs: lastDelayMs, job } = watched;
    const changed = job.state !== before.state;
    const delayMs = nextPollDelay({ state: job.state, changed, lastDelayMs }, this.#deps.poll);
    watched.delayMs = delayMs;
    watched.nextPollMs = this.#deps.now() + delayMs;
  }

  async #act(watched: Watched): Promise<void> {
    const verdict = judge(watched.job);
    if (verdict.is === "waiting" || verdict.is === "cancelling") return;
    if (verdict.is !== "running") return this.#end(watched);
    if (watched.saidRunning) return;
    await this.#reports.running(watched.ref, at(watched.job));
    watched.saidRunning = true;
  }

  async #end(watched: Watched): Promise<void> {
    await this.#reports.outcome(watched.ref, outcomeOf(watched.job), at(watched.job));
    watched.reportedMs = this.#deps.now();
  }

  /** The API no longer knows a job that it knew before. */
  async #lost(watched: Watched): Promise<void> {
    const { ref, job } = watched;
    const message = `Vertex AI no longer knows the job ${job.name}; it was last seen ${job.state}`;
    const failure: FailureInit = { class: "lost", message, evidence: evidenceOf(job) };
    await this.#reports.outcome(ref, { state: "failed", failure }, at(job));
    watched.reportedMs = this.#deps.now();
  }

  #keepOlder(known: Watched, other: JobFacts): void {
    const older = isOlder(known.job, other) ? known.job : other;
    const younger = older === other ? known.job : other;
    known.job = older;
    known.nextPollMs = 0;
    if (isFinal(younger.state) || younger.state === "CANCELLING") return;
    const fields = { attempt_id: known.ref.attemptId, job: younger.name, keeps: older.name };
    this.#deps.log.warn(fields, "two jobs for one attempt: the younger one is cancelled");
    this.#deps.vertex.cancel(younger.name).catch((error: unknown) => {
      this.#deps.log.warn({ ...fields, error }, "it could not be cancelled; it is tried again");
    });
  }
}

/** All replicas agree, also about two of one millisecond. */
function isOlder(a: JobFacts, b: JobFacts): boolean {
  return a.createdMs === b.createdMs ? a.name < b.name : a.createdMs < b.createdMs;
}

function at(job: JobFacts) {
  const { createdMs, startedMs, endedMs } = job;
  return {
    link: consoleLink(job.name),
    ...(createdMs === 0 ? {} : { acceptedMs: createdMs }),
    ...(startedMs === undefined ? {} : { startedMs }),
    ...(endedMs === undefined ? {} : { endedMs }),
  };
}

export function outcomeOf(job: JobFacts): Outcome {
  const verdict = judge(job);
  if (verdict.is === "cancelled") return { state: "cancelled" };
  if (verdict.is === "failed") return { state: "failed", failure: failureOf(verdict.failing, job) };
  return { state: "succeeded", output: { job: job.name, state: job.state } };
}

const failureOf = (failing: Failing, job: JobFacts): FailureInit => ({
  ...failing,
  evidence: evidenceOf(job),
});

function evidenceOf(job: JobFacts): NonNullable<FailureInit["evidence"]> {
  return {
    job: job.name,
    state: job.state,
    ...(job.error === undefined ? {} : { code: job.error.code, error: job.error.message }),
  };
}
