// Minds one pod from the moment it is seen until its outcome is stored in the INBOX.
// What is to be done follows from the pod as it was last seen (core/judge.ts) and from the notes on it; nothing else is
// remembered, so that any replica, or this one after a crash, goes on where another one left off.
// Invariants:
//   D1. One thing at a time for one pod; what is seen meanwhile is acted on next.
//   D2. A hopeless pod is noted as doomed before it is deleted, and reported when it is seen gone.
//   D3. "reported" is written on the pod only after its outcome is stored.
import type { AttemptRef, FailureInit, JobReports, Outcome } from "@chasqui/runner";
import { evidenceOf } from "./core/evidence.ts";
import type { Evidence } from "./core/evidence.ts";
import { judge } from "./core/judge.ts";
import type { Verdict } from "./core/judge.ts";
import { OTHERS_REPORT_MS } from "./core/lease.ts";
import { ANNOTATIONS } from "./core/note.ts";
import type { Note } from "./core/note.ts";
import { outcomeOfEnded, outcomeOfGone, writeDoom } from "./core/outcome.ts";
import type { PodOutcome } from "./core/outcome.ts";
import { isTerminal } from "./core/pod.ts";
import type { PodEvent, PodFacts } from "./core/pod.ts";
import type { Ended, Failing } from "./core/verdict.ts";
import { PodLog } from "./pod-log.ts";
import type { PodLogDeps } from "./pod-log.ts";

export interface MinderDeps extends PodLogDeps {
  readonly startTimeoutMs: number;
  readonly linkOf: (podName: string) => string;
  readonly log: { warn(fields: object, message: string): void };
}

export class PodMinder {
  readonly ref: AttemptRef;
  readonly #deps: MinderDeps;
  readonly #reports: JobReports;
  readonly #note: Note;
  readonly #log: PodLog;
  readonly #link: string;
  #pod: PodFacts;
  #gone = false;
  #saidRunning = false;
  #reported = false;
  #endSeenMs: number | undefined;
  #acting: Promise<void> | undefined;
  #again = false;

  constructor(deps: MinderDeps, pod: PodFacts, note: Note) {
    this.#deps = deps;
    this.#reports = deps.reports;
    this.#note = note;
    this.#pod = pod;
    this.#link = deps.linkOf(pod.name);
    const { runId, taskId, mapIndex, attempt, attemptId } = note;
    const traceparent = pod.annotations[ANNOTATIONS.traceparent];
    this.ref = { runId, taskId, mapIndex, attempt, attemptId, traceparent };
    this.#log = new PodLog(deps, this.ref);
  }

  get pod(): PodFacts {
    return this.#pod;
  }

  /** Nothing is left to do for it. */
  get isDone(): boolean {
    return this.#reported && this.#gone;
  }

  verdict(): Verdict {
    const { skipExitCodes } = this.#note;
    const { startTimeoutMs, now } = this.#deps;
    return judge(this.#pod, { startTimeoutMs, skipExitCodes }, now());
  }

  saw(pod: PodFacts): void {
    if (this.#gone) return;
    this.#pod = pod;
    this.look();
  }

  sawGone(pod: PodFacts | undefined): void {
    if (pod !== undefined) this.#pod = pod;
    this.#gone = true;
    this.look();
  }

  /** Acts on what is known now; time alone may have changed what is to be done. */
  look(): void {
    this.#again = true;
    this.#acting ??= this.#actWhileNeeded().finally(() => {
      this.#acting = undefined;
      if (this.#again) this.look(); // something was seen in the last moment
    });
  }

  /** Reports the outcome even if it was reported before. */
  async reportAgain(): Promise<void> {
    await this.#acting;
    this.#reported = false;
    const verdict = this.verdict();
    if (verdict.is === "ended") await this.#report(outcomeOfEnded(this.#pod, verdict), verdict);
  }

  /** Resolves when nothing is being done for it. */
  async settled(): Promise<void> {
    await this.#acting;
  }

  leave(): Promise<void> {
    return this.#reported || this.#gone ? Promise.resolve() : this.#log.leave(this.#pod);
  }

  async #actWhileNeeded(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      try {
        await this.#act();
      } catch (error) {
        const fields = { attempt_id: this.ref.attemptId, run_id: this.ref.runId, error };
        this.#deps.log.warn(fields, "minding a pod failed; it is looked at again");
        return; // the next look is a tick away
      }
    }
  }

  async #act(): Promise<void> {
    if (this.#reported || this.#pod.annotations[ANNOTATIONS.reported] !== undefined) {
      this.#reported = true;
      return;
    }
    const verdict = this.verdict();
    if (this.#gone) return this.#actOnGone(verdict);
    switch (verdict.is) {
      case "starting":
        return this.#removeIfAsked();
      case "running":
        await this.#removeIfAsked();
        if (await this.#log.claim(this.#pod, { overdue: false })) this.#log.open(this.#pod);
        await this.#sayRunning(verdict.startedMs);
        return this.#log.renew(this.#pod);
      case "hopeless":
        return this.#doom(verdict.failing);
      case "ended":
        return this.#actOnEnd(verdict);
    }
  }

  async #sayRunning(startedMs: number | undefined): Promise<void> {
    if (this.#saidRunning) return;
    await this.#reports.running(this.ref, this.#at({ startedMs, endedMs: undefined }));
    this.#saidRunning = true;
  }

  async #actOnEnd(ended: Ended): Promise<void> {
    this.#endSeenMs ??= this.#deps.now();
    const overdue = this.#deps.now() - this.#endSeenMs >= OTHERS_REPORT_MS;
    if (!(await this.#log.claim(this.#pod, { overdue }))) return;
    const ran = this.#pod.main?.state.is === "terminated";
    if (ran) this.#log.open(this.#pod);
    await this.#report(outcomeOfEnded(this.#pod, ended), ended);
    const reported = new Date(this.#deps.now()).toISOString();
    await this.#deps.cluster.annotate(this.#pod.name, { [ANNOTATIONS.reported]: reported });
    await this.#removeIfSidecars();
  }

  async #actOnGone(verdict: Verdict): Promise<void> {
    const outcome =
      verdict.is === "ended" ? outcomeOfEnded(this.#pod, verdict) : outcomeOfGone(this.#pod);
    const times = verdict.is === "ended" ? verdict : { startedMs: undefined, endedMs: undefined };
    await this.#report(outcome, times);
  }

  async #report(
    outcome: PodOutcome,
    times: { readonly startedMs: number | undefined; readonly endedMs: number | undefined },
  ): Promise<void> {
    const logTail = this.#log.isOpen ? await this.#log.finish() : await this.#lastLines();
    const ran = this.#pod.main?.state.is === "terminated";
    if (!this.#log.isOpen && !this.#gone && !ran) await this.#log.finishUnopened();
    const said = await this.#said(outcome);
    const { endedMs = this.#deps.now() } = times;
    await this.#reports.outcome(this.ref, said, {
      ...this.#at({ startedMs: times.startedMs, endedMs }),
      logTail,
    });
    this.#reported = true;
  }

  async #said(outcome: PodOutcome): Promise<Outcome> {
    if (outcome.state !== "failed") return outcome;
    const evidence = outcome.evidence ?? (await this.#evidence());
    return { state: "failed", failure: failureOf(outcome.failing, evidence) };
  }

  /** Notes the failure on the pod, then removes it: what might still start must be gone first. */
  async #doom(failing: Failing): Promise<void> {
    if (this.#pod.annotations[ANNOTATIONS.doomed] === undefined) {
      const doom = writeDoom({ failing, evidence: await this.#evidence() });
      const noted = await this.#deps.cluster.annotate(this.#pod.name, {
        [ANNOTATIONS.doomed]: doom,
      });
      if (noted === "gone") return this.sawGone(undefined);
    }
    const { name, uid, main } = this.#pod;
    const grace = main?.state.is === "running" ? {} : { graceSeconds: 0 };
    if ((await this.#deps.cluster.remove({ name, uid }, grace)) === "gone") this.sawGone(undefined);
  }

  /** A cancel that was noted, but whose removal was not seen: a crash came between. */
  async #removeIfAsked(): Promise<void> {
    const { annotations, deleting, name, uid } = this.#pod;
    if (annotations[ANNOTATIONS.cancel] === undefined || deleting) return;
    if ((await this.#deps.cluster.remove({ name, uid }, {})) === "gone") this.sawGone(undefined);
  }

  /** The task's container has ended, another one goes on: nothing waits for it. */
  async #removeIfSidecars(): Promise<void> {
    if (isTerminal(this.#pod) || this.#pod.main?.state.is !== "terminated") return;
    if (!this.#pod.others.some(({ state }) => state.is === "running")) return;
    const { name, uid } = this.#pod;
    await this.#deps.cluster.remove({ name, uid }, {});
  }

  async #evidence(): Promise<Evidence> {
    const { name, uid } = this.#pod;
    const events = await this.#deps.cluster.events({ name, uid }).catch((): PodEvent[] => []); // evidence is kept as far as it can be had
    return evidenceOf(this.#pod, events);
  }

  async #lastLines(): Promise<string[]> {
    if (this.#gone || this.#pod.main?.state.is !== "terminated") return [];
    const lines: string[] = [];
    const signal = AbortSignal.timeout(LAST_LINES_MS);
    const options = { follow: false, since: undefined, tailLines: LAST_LINES, signal };
    try {
      for await (const { text } of this.#deps.cluster.log(this.#pod.name, options))
        lines.push(text.slice(text.indexOf(" ") + 1));
    } catch {
      return lines;
    }
    return lines;
  }

  #at(times: { readonly startedMs: number | undefined; readonly endedMs: number | undefined }) {
    const { startedMs, endedMs } = times;
    return {
      acceptedMs: this.#note.acceptedMs,
      link: this.#link,
      ...(startedMs === undefined ? {} : { startedMs }),
      ...(endedMs === undefined ? {} : { endedMs }),
    };
  }
}

const LAST_LINES = 20;
const LAST_LINES_MS = 10_000;

function failureOf(failing: Failing, evidence: Evidence): FailureInit {
  const { evidence: more, ...rest } = failing;
  return { ...rest, evidence: { ...evidence, ...more } };
}
