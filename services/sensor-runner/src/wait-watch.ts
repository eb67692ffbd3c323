// Looks at what waits, as its time comes, and reports what ended. Any replica does, whichever takes a row first.
// Invariants:
//   L1. A look that was not written down has no consequence: somebody else looks again.
//   L2. What ended is reported by who ended it; if that one dies, by another when its lease is over.
//   L3. At most LOOKS_MAX looks at a time.
import type { JobReports } from "@chasqui/runner";
import { decide } from "./core/decide.ts";
import type { Answer, SensorConfig } from "./core/wait.ts";
import type { NextStep, WaitRow, Waits } from "./store/waits.ts";

export const LOOKS_MAX = 64;
const UNREPORTED_MS = 5_000;

export interface WaitWatchDeps {
  readonly waits: Waits;
  ask(config: SensorConfig, signal: AbortSignal): Promise<Answer>;
  fits(expectation: string | undefined, answer: Answer): Promise<boolean | string | undefined>;
  readonly now: () => number;
  /** 0 to 1. */
  readonly chance: () => number;
  /** How long it rests when nothing is due. */
  readonly restMs: number;
  readonly log: { warn(fields: object, message: string): void };
}

export class WaitWatch {
  readonly #deps: WaitWatchDeps;
  readonly #reports: JobReports;
  readonly #stopping = new AbortController();
  readonly #inHand = new Set<Promise<void>>();
  readonly #running: Promise<void>;
  #wake: (() => void) | undefined;
  #nudged = false;
  #stopped = false;
  #unreportedMs = 0;

  constructor(deps: WaitWatchDeps, reports: JobReports) {
    this.#deps = deps;
    this.#reports = reports;
    this.#running = this.#run();
  }

  get inHand(): number {
    return this.#inHand.size;
  }

  /** Something may be due now. */
  nudge(): void {
    this.#nudged = true;
    this.#wake?.();
  }

  async report(row: WaitRow): Promise<void> {
    const { ref, outcome, acceptedMs, endedMs = this.#deps.now() } = row;
    if (outcome === undefined) return;
    const at = { acceptedMs, startedMs: acceptedMs, endedMs };
    const logTail = row.progress.note === "" ? [] : [row.progress.note];
    await this.#reports.outcome(ref, outcome, { ...at, logTail });
    await this.#deps.waits.reported(ref.attemptId, this.#deps.now());
  }

  /** Looks that are under way are broken off and given back; somebody else looks. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopped = true;
    this.#stopping.abort(new Error("the runner stops"));
    this.nudge();
    const late = new Promise((resolve) => void setTimeout(resolve, deadlineMs).unref());
    await Promise.race([this.#running.then(() => Promise.all(this.#inHand)), late]);
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.#nudged = false;
      const room = LOOKS_MAX - this.#inHand.size;
      const taken = room > 0 ? await this.#take(room) : 0;
      if (this.#stopped) return;
      // A full hand: more may be due, as soon as there is room.
      if (taken > 0 && taken === room) await Promise.race(this.#inHand);
      else await this.#rest();
    }
  }

  async #take(room: number): Promise<number> {
    const { waits, now, log } = this.#deps;
    try {
      const due = await waits.takeDue(now(), room);
      const ended = await this.#takeUnreported(room - due.length);
      if (this.#stopped) {
        await Promise.all([...due, ...ended].map((row) => waits.release(row)));
        return 0;
      }
      for (const row of due) this.#hold(row, this.#look(row));
      for (const row of ended) this.#hold(row, this.report(row));
      return due.length + ended.length;
    } catch (error) {
      log.warn({ error }, "the waits could not be read; they are read again");
      return 0;
    }
  }

  /** Its reporter died: rare, so looked for now and then. */
  async #takeUnreported(room: number): Promise<WaitRow[]> {
    const { waits, now } = this.#deps;
    if (room <= 0 || now() - this.#unreportedMs < UNREPORTED_MS) return [];
    this.#unreportedMs = now();
    return waits.takeUnreported(now(), room);
  }

  #hold(row: WaitRow, work: Promise<void>): void {
    const held = work
      .catch((error: unknown) => this.#failed(row, error))
      .finally(() => this.#inHand.delete(held));
    this.#inHand.add(held);
  }

  async #failed(row: WaitRow, error: unknown): Promise<void> {
    const { waits, log } = this.#deps;
    const fields = { attempt_id: row.ref.attemptId, run_id: row.ref.runId, error };
    if (!this.#stopping.signal.aborted)
      return log.warn(fields, "a look failed; its wait is taken up again");
    await waits.release(row).catch(() => undefined); // its lease will be over anyway
  }

  #rest(): Promise<void> {
    if (this.#nudged) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.#deps.restMs).unref();
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #look(row: WaitRow): Promise<void> {
    const { ask, fits, waits, now, chance } = this.#deps;
    const { config, deadlineMs, progress: before, ref, acceptedMs } = row;
    if (before.polls === 0) await this.#reports.running(ref, { acceptedMs, startedMs: acceptedMs });
    const answer = await ask(config, this.#stopping.signal);
    const bodyFits = await fits(config.expectBody, answer);
    const look = { config, progress: before, deadlineMs, nowMs: now(), answer, bodyFits };
    const decision = decide({ ...look, chance: chance() });
    const { progress } = decision;
    const isNews = progress.note !== before.note || decision.kind === "ended";
    const lines = row.lines + (isNews ? 1 : 0);
    const step: NextStep =
      decision.kind === "again" ? decision : { ...decision, endedMs: look.nowMs };
    if (!(await waits.put(row, { progress, lines, step }))) return; // cancelled meanwhile
    if (isNews) await this.#write(row, `look ${progress.polls}: ${progress.note}`, decision.kind);
    if (step.kind === "ended")
      await this.report({ ...row, ...step, state: "ended", progress, lines });
  }

  async #write(row: WaitRow, line: string, kind: "again" | "ended"): Promise<void> {
    const log = this.#reports.log(row.ref, { startCounter: row.lines });
    log.line(line);
    await (kind === "ended" ? log.end() : log.flush());
  }
}
