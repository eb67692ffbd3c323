// What the system says about a process that is not our child.
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

/** Whether `pid` runs. A zombie (ended, and nobody fetched its exit code) does not. */
export async function isRunning(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EPERM")) return false;
  }
  const state = await stateOf(`/proc/${pid}/stat`);
  return state !== "Z" && state !== "X"; // undefined: no /proc on this system, so the signal is believed
}

/** The letter of proc(5) in a `stat` file; undefined where there is none. */
async function stateOf(file: string): Promise<string | undefined> {
  const stat = await readFile(file, "utf8").catch(() => undefined);
  return stat?.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3);
}

/**
 * Resolves when no thread of `pid` runs any more. SIGSTOP is only asked for by the call that sends it:
 * a thread on another core goes on for a while, long enough to answer a client.
 */
export async function whenStopped(pid: number): Promise<void> {
  for (;;) {
    const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
    const states = await Promise.all(threads.map((id) => stateOf(`/proc/${pid}/task/${id}/stat`)));
    if (!states.some((state) => state === "R" || state === "S" || state === "D")) return;
    await delay(1);
  }
}

/** The command line of `pid`, or undefined where the system does not tell. */
export async function commandLineOf(pid: number): Promise<string | undefined> {
  const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => undefined);
  return line?.replaceAll("\0", " ").trim();
}
