// Runs a program to its end: bounded in time, interruptible, and gone when we are gone.
import { spawn } from "node:child_process";
import { guardProcess } from "./guard.ts";

const OUTPUT_CHARS_MAX = 64_000;

export interface CommandOptions {
  readonly timeoutMs: number;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface CommandResult {
  readonly ok: boolean;
  /** Standard output and standard error, as they came, the end of it when long. */
  readonly output: string;
}

/** Never rejects: a program that cannot be started is a result with the reason as its output. */
export function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  const { timeoutMs, cwd, env, user, signal } = options;
  return new Promise((resolve) => {
    let output = "";
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
      ...(cwd === undefined ? {} : { cwd }),
      ...(env === undefined ? {} : { env }),
      ...user,
    });
    const release = child.pid === undefined ? () => undefined : guardProcess(child.pid);
    const end = (ok: boolean, note = ""): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      release();
      resolve({ ok, output: `${output}${note}`.trim() });
    };
    const killGroup = (note: string): void => {
      output += note;
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      } catch {
        // it has just ended by itself
      }
    };
    const onAbort = (): void => killGroup("\ninterrupted");
    const timer = setTimeout(() => killGroup(`\nno end after ${timeoutMs} ms`), timeoutMs);
    signal?.addEventListener("abort", onAbort, { once: true });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8");
      stream.on("data", (text: string) => {
        output = (output + text).slice(-OUTPUT_CHARS_MAX);
      });
    }
    child.once("error", (error) => end(false, `${program}: ${error.message}`));
    child.once("close", (code) => end(code === 0));
    if (signal?.aborted === true) onAbort();
  });
}
