// No process outlives the one that started it, not even when that one is killed with SIGKILL.
// A shell waits for the end of a pipe whose other end only this process holds; when the end comes
// without the word that all is well, it runs the command that ends the guarded process.
import { spawn } from "node:child_process";

/** Ends the guard; the guarded process is then nobody's business any more. Harmless if repeated. */
export type Release = () => void;

/** Runs `command` as soon as this process is gone, unless released before. */
export function guardWithCommand(command: readonly string[]): Release {
  const script = 'trap "" INT TERM HUP QUIT; read -r released || exec "$@"';
  const guard = spawn("/bin/sh", ["-c", script, "sh", ...command], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true, // a Ctrl-C in the terminal, or a kill of our group, must not end the guard first
    cwd: "/",
  });
  guard.on("error", () => undefined); // without a shell only the SIGKILL of this process is uncovered
  guard.stdin.on("error", () => undefined);
  guard.unref();
  return () => {
    if (!guard.stdin.writableEnded) guard.stdin.end("released\n");
  };
}

/**
 * Guards the process `pid`. Started with `detached: true` it leads a group of its own; then the signal
 * goes to the whole group.
 */
export function guardProcess(
  pid: number,
  { signal = "KILL", group = true }: { signal?: "KILL" | "QUIT" | "TERM"; group?: boolean } = {},
): Release {
  const target = group ? `-${pid}` : String(pid);
  return guardWithCommand(["/bin/sh", "-c", `kill -s ${signal} -- "$1"`, "sh", target]);
}
