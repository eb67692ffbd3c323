// What a process is made of. Parts come up in the order of need and go down in reverse.
// Invariants:
//   P1. A part that came up is stopped exactly once, whoever asks and how often, also when a later one failed to start.
//   P2. A part that fails to stop does not keep the others from stopping.

export interface Part {
  readonly name: string;
  /** Ends the part within about `deadlineMs` milliseconds from now. Harmless if repeated. */
  stop(deadlineMs: number): Promise<void>;
}

export interface StopFailure {
  readonly part: string;
  readonly error: unknown;
}

/** Time that each part gets even when those before it used up the deadline. */
const STOP_MS_MIN = 500;

export class PartStack {
  readonly #parts: Part[] = [];
  #stopping: Promise<StopFailure[]> | undefined;
  #stopped = false;

  get names(): string[] {
    return this.#parts.map((part) => part.name);
  }

  /** Notes a part that is up. One that comes up while the others are stopped is stopped next. */
  async add(part: Part): Promise<void> {
    if (this.#stopped) await part.stop(STOP_MS_MIN);
    else this.#parts.push(part);
  }

  /** Stops all parts, last first, each with the time that is left. */
  stop(deadlineMs: number, onStop: (part: string) => void = () => {}): Promise<StopFailure[]> {
    this.#stopping ??= this.#stopAll(performance.now() + deadlineMs, onStop);
    return this.#stopping;
  }

  async #stopAll(until: number, onStop: (part: string) => void): Promise<StopFailure[]> {
    const failures: StopFailure[] = [];
    for (let part = this.#parts.pop(); part !== undefined; part = this.#parts.pop()) {
      onStop(part.name);
      try {
        await part.stop(Math.max(STOP_MS_MIN, until - performance.now()));
      } catch (error) {
        failures.push({ part: part.name, error });
      }
    }
    this.#stopped = true;
    return failures;
  }
}
