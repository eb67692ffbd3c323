// What the work of a call runner is given, made only when it is asked for: most short work asks for nothing.
import type { AttemptLog } from "./logs.ts";

export interface CallContext {
  /** Aborted when the attempt is cancelled, over its timeout, or given back because the process ends. */
  readonly signal: AbortSignal;
  /** One line of the attempt's log. */
  readonly log: (line: string) => void;
  /** A link to what does the work outside, for people. */
  readonly link: (url: string) => void;
  /** Says that it goes on. At most a thousand times an attempt. */
  readonly progress: () => void;
  /** The parent of spans of the work, and for headers of what it calls; undefined when nothing is traced. */
  readonly traceparent: string | undefined;
}

export interface ContextDeps {
  openLog(): AttemptLog;
  onLink(url: string): void;
  onProgress(): void;
  traceparent(): string | undefined;
}

/** The context of one attempt as its shell holds it. Its getters are on the prototype: 20,000 are made a second. */
export class HeldContext implements CallContext {
  readonly log: (line: string) => void;
  readonly link: (url: string) => void;
  readonly progress: () => void;
  readonly #deps: ContextDeps;
  #controller: AbortController | undefined;
  #aborted: Error | undefined;
  #log: AttemptLog | undefined;

  constructor(deps: ContextDeps) {
    this.#deps = deps;
    this.log = (line) => (this.#log ??= deps.openLog()).line(line);
    this.link = (url) => deps.onLink(url);
    this.progress = () => deps.onProgress();
  }

  get traceparent(): string | undefined {
    return this.#deps.traceparent();
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted);
    }
    return this.#controller.signal;
  }

  /** Undefined while nothing was logged. */
  openedLog(): AttemptLog | undefined {
    return this.#log;
  }

  abort(reason: Error): void {
    this.#aborted ??= reason;
    this.#controller?.abort(reason);
  }
}
