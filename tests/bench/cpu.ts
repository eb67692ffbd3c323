// CPU time of processes, from /proc: what a task costs over all of them.
import { readFileSync, readdirSync } from "node:fs";

const TICKS_PER_SECOND = 100; // USER_HZ of every Linux we run on

/** Microseconds of CPU that a process and its children have used. */
export function cpuUsOf(pid: number): number {
  return [pid, ...descendantsOf(pid)].reduce((sum, one) => sum + ownCpuUs(one), 0);
}

function ownCpuUs(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1_000_000;
  } catch {
    return 0;
  }
}

function descendantsOf(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const fields = readFileSync(`/proc/${name}/stat`, "utf8")
        .replace(/^.*\) /s, "")
        .split(" ");
      parents.set(Number(name), Number(fields[1]));
    } catch {
      continue; // it ended meanwhile
    }
  }
  const isBelow = (one: number): boolean => {
    for (let at = parents.get(one); at !== undefined && at > 1; at = parents.get(at))
      if (at === pid) return true;
    return false;
  };
  return [...parents.keys()].filter(isBelow);
}

export const rssMbOf = (pid: number): number => memoryMbOf(pid, /VmRSS:\s+(\d+)/);
/** The most that it ever had. */
export const peakRssMbOf = (pid: number): number => memoryMbOf(pid, /VmHWM:\s+(\d+)/);

function memoryMbOf(pid: number, field: RegExp): number {
  const kb = field.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "0";
  return Math.round(Number(kb) / 1_024);
}
