// Looks at what waits, as its time comes, and reports what ended. Any replica does, whichever takes a row first.
// Invariants:
//   L1. A look that was not written down has no consequence: somebody else looks again.
//   L2. What ended is reported by who ended it; if that one dies, by another when its lease is over.
//   L3. At most LOOKS_MAX looks of a kind at a time: a kind whose outside hangs holds up no other.
import type { JobReports } from "@chasqui/runner";
import { decide } from "./core/decide.ts";
import type { SensorKind } from "./kinds/kind.ts";
import type { WaitRow } from "./store/rows.ts";
import type { NextStep, Room, Waits } from "./store/waits.ts";
import type { TakeLook } from "./take-look.ts";

export const LOOKS_MAX = 64;
const UNREPORTED_MS = 5_000;
/** A full hand that gets room: what is due is taken in batches, not one by one. */
const GATHER_MS = 10;

export interface WaitWatchDeps {
  readonly waits: Waits;
  readonly sensors: ReadonlyMap<string, SensorKind<unknown>>;
  readonly takeLook: TakeLook;
  readonly now: () => number;
  /** How long it rests when nothing is due. */
  readonly restMs: number;
  readonly log: { warn(fields: object, message: string): void };
}

export class WaitWatch {
  readonly #deps: WaitWatchDeps;
  readonly #reports = new Map<string, JobReports>();
  readonly #stopping = new AbortController();
  /** What is in hand, with the kind whose room it takes. */
  readonly #inHand = new Map<Promise<void>, string>();
  #running: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #nudged = false;
  #isFull = false;
  #unreportedMs = 0;

  constructor(deps: WaitWatchDeps) {
    this.#deps = deps;
  }

  get inHand(): number {
    return this.#inHand.size;
  }

  /** From now on waits of this kind are looked at. */
  begin(kind: string, reports: JobReports): void {
    this.#reports.set(kind, reports);
    this.#running ??= this.#run();
    this.nudge();
  }

  /** Something may be due now. */
  nudge(): void {
    this.#nudged = true;
    this.#wake?.();
  }

  async report(row: WaitRow): Promise<void> {
    const { ref, outcome, acceptedMs, endedMs = this.#deps.now() } = row;
    const reports = this.#reports.get(row.kind);
    if (outcome === undefined || reports === undefined) return;
    const at = { acceptedMs, startedMs: acceptedMs, endedMs };
    const logTail = row.progress.note === "" ? [] : [row.progress.note];
    await reports.outcome(ref, outcome, { ...at, logTail });
    await this.#deps.waits.reported(ref.attemptId, this.#deps.now());
  }

  /** Looks that are under way are broken off and given back; somebody else looks. Harmless if repeated. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopping.abort(new Error("the runner stops"));
    this.nudge();
    const late = new Promise((resolve) => void setTimeout(resolve, deadlineMs).unref());
    const all = (): Promise<unknown> => Promise.all(this.#inHand.keys());
    await Promise.race([this.#running?.then(all), late]);
  }

  get #stopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.#nudged = false;
      await this.#take(this.#rooms());
      if (this.#stopped) return;
      await this.#rest();
    }
  }

  #rooms(): Room[] {
    const taken = new Map<string, number>();
    for (const kind of this.#inHand.values()) taken.set(kind, (taken.get(kind) ?? 0) + 1);
    return [...this.#reports.keys()]
      .map((kind) => ({ kind, max: LOOKS_MAX - (taken.get(kind) ?? 0) }))
      .filter(({ max }) => max > 0);
  }

  async #take(rooms: readonly Room[]): Promise<void> {
    const { waits, now, log } = this.#deps;
    try {
      const due = rooms.length === 0 ? [] : await waits.takeDue(now(), rooms);
      const ended = await this.#takeUnreported();
      if (this.#stopped) {
        await Promise.all([...due, ...ended].map((row) => waits.release(row)));
        return;
      }
      for (const row of due) this.#hold(row, this.#look(row));
      for (const row of ended) this.#hold(row, this.report(row));
      this.#isFull = this.#rooms().length < this.#reports.size;
    } catch (error) {
      log.warn({ error }, "the waits could not be read; they are read again");
    }
  }

  /** Their reporter died: rare, so looked for now and then. */
  async #takeUnreported(): Promise<WaitRow[]> {
    const { waits, now } = this.#deps;
    if (now() - this.#unreportedMs < UNREPORTED_MS) return [];
    this.#unreportedMs = now();
    return waits.takeUnreported(now(), LOOKS_MAX);
  }

  #hold(row: WaitRow, work: Promise<void>): void {
    const held = work
      .catch((error: unknown) => this.#failed(row, error))
      .finally(() => {
        this.#inHand.delete(held);
        if (!this.#isFull) return;
        this.#isFull = false;
        setTimeout(() => this.nudge(), GATHER_MS).unref(); // more may be due than there was room for
      });
    this.#inHand.set(held, row.kind);
  }

  async #failed(row: WaitRow, error: unknown): Promise<void> {
    const { waits, log } = this.#deps;
    const fields = { attempt_id: row.ref.attemptId, run_id: row.ref.runId, error };
    if (!this.#stopped) return log.warn(fields, "a look failed; its wait is taken up again");
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
    const { sensors, takeLook, waits, now } = this.#deps;
    const { spec, deadlineMs, progress: before, ref, acceptedMs, kind } = row;
    const [sensor, reports] = [sensors.get(kind), this.#reports.get(kind)];
    if (sensor === undefined || reports === undefined) return; // rows of these kinds are not taken
    if (before.polls === 0) await reports.running(ref, { acceptedMs, startedMs: acceptedMs });
    const seen = await takeLook(row, this.#stopping.signal);
    const what = sensor.what(spec.of);
    const { attemptId } = ref;
    const about = { attemptId, what, spec, progress: before, acceptedMs, deadlineMs, seen };
    const decision = decide({ ...about, nowMs: now() });
    const { progress } = decision;
    const isNews = progress.note !== before.note || decision.kind === "ended";
    const lines = row.lines + (isNews ? 1 : 0);
    const step: NextStep = decision.kind === "again" ? decision : { ...decision, endedMs: now() };
    if (!(await waits.put(row, { progress, lines, step }))) return; // cancelled meanwhile
    if (isNews)
      await write(reports, row, `look ${progress.polls}: ${progress.note}`, decision.kind);
    if (step.kind === "ended")
      await this.report({ ...row, ...step, kind, state: "ended", progress, lines });
    else if (step.nextPollMs <= now()) this.nudge();
  }
}

async function write(
  reports: JobReports,
  row: WaitRow,
  line: string,
  kind: "again" | "ended",
): Promise<void> {
  const log = reports.log(row.ref, { startCounter: row.lines });
  log.line(line);
  await (kind === "ended" ? log.end() : log.flush());
}
