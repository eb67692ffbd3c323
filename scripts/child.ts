// Runs a tool to its end: on this terminal or with its output kept, within a time, and never left behind.
import { spawn } from "node:child_process";
import { guardProcess } from "../libs/sandbox/src/servers/index.ts";

export interface ChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly timeoutMs: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Show the output as it comes; else it is kept, for the one who wants to show it. */
  readonly live: boolean;
}

export interface ChildResult {
  /** The exit code; 128 + n for a signal n of ours, 124 when the time was over, 127 if it did not start. */
  readonly code: number;
  readonly output: string;
  /** One of ours was told to stop meanwhile. */
  readonly isInterrupted: boolean;
}

const STOP_MS_MAX = 10_000;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // gone already
  }
}

export function runChild(options: ChildOptions): Promise<ChildResult> {
  const { command, args, cwd, timeoutMs, live } = options;
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      stdio: live ? ["ignore", "inherit", "inherit"] : ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...options.env },
      detached: true, // a group of its own, so that all of it can be ended
    });
    const release = child.pid === undefined ? () => undefined : guardProcess(child.pid);
    let output = "";
    let forced: number | undefined;
    let isInterrupted = false;
    const stop = (signal: NodeJS.Signals, code: number): void => {
      forced ??= code;
      signalGroup(child.pid, signal);
      setTimeout(() => signalGroup(child.pid, "SIGKILL"), STOP_MS_MAX).unref();
    };
    const onSignal = (signal: NodeJS.Signals): void => {
      isInterrupted = true;
      stop(signal, signal === "SIGINT" ? 130 : 143);
    };
    const timer = setTimeout(() => {
      const note = `${command} ${args.join(" ")}: no end after ${timeoutMs / 1000} s, stopped`;
      if (live) console.error(note);
      else output += `\n${note}`;
      stop("SIGTERM", 124);
    }, timeoutMs);
    const end = (code: number): void => {
      clearTimeout(timer);
      for (const signal of SIGNALS) process.off(signal, onSignal);
      signalGroup(child.pid, "SIGKILL"); // what it left behind in its group
      release();
      resolve({ code: forced ?? code, output: output.trim(), isInterrupted });
    };
    for (const signal of SIGNALS) process.on(signal, onSignal);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    child.once("error", (error) => {
      output += `${command}: ${error.message}`;
      if (live) console.error(output);
      end(127);
    });
    child.once("close", (code) => end(code ?? 1));
  });
}
