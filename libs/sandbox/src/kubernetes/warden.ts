// Sees to it that pods' processes never outlive the stand-in, not even when it is killed: a shell
// that reads process groups from a pipe and, when the pipe ends, kills those that are left.
// (Node cannot ask the kernel for a death signal; a second Node would cost 40 MB.)
import { spawn } from "node:child_process";

const SCRIPT = `
trap "" INT TERM HUP QUIT
groups=""
while read -r verb group; do
  kept=""
  for known in $groups; do [ "$known" = "$group" ] || kept="$kept $known"; done
  groups="$kept"
  [ "$verb" = add ] && groups="$groups $group"
done
for group in $groups; do kill -KILL "-$group" 2>/dev/null; done
exit 0
`;

export interface Warden {
  watch(processGroup: number): void;
  release(processGroup: number): void;
  stop(): Promise<void>;
}

export function startWarden(): Warden {
  const shell = spawn("/bin/sh", ["-c", SCRIPT], {
    detached: true, // a Ctrl-C in the terminal must not reach it before the stand-in is done
    stdio: ["pipe", "ignore", "ignore"],
  });
  const ended = new Promise<void>((resolve) => {
    shell.once("exit", () => resolve());
    shell.once("error", () => resolve());
  });
  shell.stdin.on("error", () => {}); // it was killed: nothing left to guard with
  shell.unref();
  return {
    watch: (group) => void shell.stdin.write(`add ${group}\n`),
    release: (group) => void shell.stdin.write(`del ${group}\n`),
    async stop() {
      shell.ref(); // its end is waited for, even when nothing else keeps the process
      shell.stdin.end();
      await ended;
    },
  };
}
