// A container as a local process in its own process group.
// Invariants: what the process starts dies with it; `ended` resolves exactly once, after its
// output has been read; stop() sends TERM first and KILL when the grace is over.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import type { LogFile } from "./log-file.ts";
import type { Warden } from "./warden.ts";

export interface Exit {
  readonly exitCode: number;
  /** Why it never ran, when it did not. */
  readonly startError?: string;
}

export interface RunningContainer {
  readonly ended: Promise<Exit>;
  /** May be called again with a shorter grace. */
  stop(graceMs: number): void;
}

export interface ProcessSpec {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly log: LogFile;
  readonly warden: Warden;
}

export const START_ERROR_CODE = 128;
export const SIGKILL_CODE = 128 + constants.signals.SIGKILL;
const SIGTERM_CODE = 128 + constants.signals.SIGTERM;

export function startProcess(spec: ProcessSpec): RunningContainer {
  const { log, warden } = spec;
  const [name = "", ...args] = spec.command;
  // The image is not there, so neither is its node: the one that runs us stands in for it.
  const file = name === "node" ? process.execPath : name;
  const child = spawn(file, args, {
    cwd: spec.cwd,
    env: spec.env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const group = child.pid;
  if (group !== undefined) warden.watch(group);
  child.stdout.on("data", (chunk: Buffer) => log.append("stdout", chunk));
  child.stderr.on("data", (chunk: Buffer) => log.append("stderr", chunk));
  let killTimer: NodeJS.Timeout | undefined;
  let asked = false;
  let over = false;
  const ended = new Promise<Exit>((resolve) => {
    child.once("error", (error) => {
      if (group !== undefined) return; // a signal could not be sent: the exit is still to come
      resolve({ exitCode: START_ERROR_CODE, startError: `${name}: ${error.message}` });
    });
    // The container is over when its first process is, whatever that left running.
    child.once("exit", () => signalGroup(group, "SIGKILL"));
    child.once("close", (code, signal) => {
      over = true;
      clearTimeout(killTimer);
      if (group !== undefined) warden.release(group);
      resolve({ exitCode: code ?? 128 + (signal === null ? 0 : constants.signals[signal]) });
    });
  });
  return {
    ended,
    stop(graceMs) {
      clearTimeout(killTimer);
      if (over) return; // its number may be somebody else's by now
      if (graceMs <= 0) {
        signalGroup(group, "SIGKILL");
        return;
      }
      if (!asked) signalGroup(group, "SIGTERM");
      asked = true;
      killTimer = setTimeout(() => signalGroup(group, "SIGKILL"), graceMs);
    },
  };
}

function signalGroup(group: number | undefined, signal: "SIGTERM" | "SIGKILL"): void {
  if (group === undefined) return;
  try {
    process.kill(-group, signal);
  } catch {
    // ESRCH: all of it is gone already.
  }
}

/** A container that runs for ever and prints nothing; a deaf one ignores TERM. */
export function hangingContainer(options: { deaf: boolean }): RunningContainer {
  const exit = Promise.withResolvers<Exit>();
  let timer: NodeJS.Timeout | undefined;
  return {
    ended: exit.promise,
    stop(graceMs) {
      clearTimeout(timer);
      if (graceMs <= 0) exit.resolve({ exitCode: SIGKILL_CODE });
      else if (!options.deaf) exit.resolve({ exitCode: SIGTERM_CODE });
      else timer = setTimeout(() => exit.resolve({ exitCode: SIGKILL_CODE }), graceMs);
    },
  };
}

/** A container that is over as soon as it started. */
export function endedContainer(exit: Exit): RunningContainer {
  return { ended: Promise.resolve(exit), stop: () => {} };
}
