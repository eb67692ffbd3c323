// The process as the lifecycle sees it: signals in, exit code out. A test brings a host of its own.

/** Thrown to nobody, or a promise that nobody looks at was rejected. */
export type UncaughtOrigin = "uncaughtException" | "unhandledRejection";

export interface Host {
  readonly env: NodeJS.ProcessEnv;
  onSignal(listener: (signal: string) => void): void;
  onUncaught(listener: (error: unknown, origin: UncaughtOrigin) => void): void;
  /** The parent closed our stdin or IPC channel, and CHASQUI_EXIT_WITH_PARENT=1. */
  onParentGone(listener: () => void): void;
  /** Milliseconds on a clock that only goes forward. */
  nowMs(): number;
  /** Calls back after a while, without keeping the process alive. */
  after(ms: number, callback: () => void): void;
  /** For the time before there is a logger. */
  complain(message: string): void;
  exit(code: number): void;
}

export function processHost(): Host {
  return {
    env: process.env,
    onSignal(listener) {
      for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, listener);
    },
    onUncaught(listener) {
      process.on("uncaughtException", (error) => listener(error, "uncaughtException"));
      process.on("unhandledRejection", (reason) => listener(reason, "unhandledRejection"));
    },
    onParentGone(listener) {
      if (process.env["CHASQUI_EXIT_WITH_PARENT"] === "1") watchParent(listener);
    },
    nowMs: () => performance.now(),
    after(ms, callback) {
      setTimeout(callback, ms).unref();
    },
    complain: (message) => console.error(message),
    exit: (code) => process.exit(code),
  };
}

function watchParent(listener: () => void): void {
  if (process.channel !== undefined && process.channel !== null) {
    process.once("disconnect", listener);
    return;
  }
  process.stdin.once("end", listener);
  process.stdin.once("close", listener);
  process.stdin.on("error", listener);
  process.stdin.resume(); // without a reader the end of the pipe is never seen
}
