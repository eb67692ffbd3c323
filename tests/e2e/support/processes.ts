// Which processes belong to something, found by a text in their command line or their environment.
import { readdirSync, readFileSync } from "node:fs";

/** "pid command" of each process but this one that names the text. Reads /proc. */
export function processesWith(text: string): string[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    if (Number(pid) === process.pid) return [];
    const [command, environment] = [read(`/proc/${pid}/cmdline`), read(`/proc/${pid}/environ`)];
    return command.includes(text) || environment.includes(text) ? [`${pid} ${command}`] : [];
  });
}

/** Empty for a process that ended meanwhile or is somebody else's. */
function read(file: string): string {
  try {
    return readFileSync(file, "utf8").replaceAll("\0", " ").trim();
  } catch {
    return "";
  }
}
