// What the work of a call runner is given, made only when it is asked for: most short work asks for nothing.
import type { AttemptLog } from "./logs.ts";

export interface CallContext {
  /** Aborted when the attempt is cancelled, over its timeout, or given back because the process ends. */
  readonly signal: AbortSignal;
  /** One line of the attempt's log. */
  log(line: string): void;
  /** A link to what does the work outside, for people. */
  link(url: string): void;
  /** Says that it goes on, with a new link if there is one. At most a thousand times an attempt. */
  progress(): void;
}

export interface ContextDeps {
  openLog(): AttemptLog;
  onLink(url: string): void;
  onProgress(): void;
}

/** The context of one attempt as its shell holds it. */
export interface HeldContext {
  readonly forWork: CallContext;
  abort(reason: Error): void;
  readonly log: AttemptLog | undefined;
}

export function callContext(deps: ContextDeps): HeldContext {
  let controller: AbortController | undefined;
  let aborted: Error | undefined;
  let log: AttemptLog | undefined;
  const forWork: CallContext = {
    get signal() {
      if (controller === undefined) {
        controller = new AbortController();
        if (aborted !== undefined) controller.abort(aborted);
      }
      return controller.signal;
    },
    log: (line) => (log ??= deps.openLog()).line(line),
    link: (url) => deps.onLink(url),
    progress: () => deps.onProgress(),
  };
  return {
    forWork,
    abort(reason) {
      aborted ??= reason;
      controller?.abort(reason);
    },
    get log() {
      return log;
    },
  };
}
