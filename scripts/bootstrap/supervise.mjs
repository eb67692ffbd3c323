// Runs the real script on the pinned Node and stands between it and the outside: signals go in once,
// the exit code comes out, and the script does not outlive us.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import path from "node:path";
import { BootstrapError } from "./install.mjs";
import { watchParent } from "./parent.mjs";

const NODE_MAJOR_WANTED = 24;
// One Ctrl-C arrives twice: from the terminal, and again from npm, which forwards it. A second one by
// hand comes later than this, and means "at once".
const SAME_SIGNAL_MS = 1_000;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

/** The Node that npm installed with the dependencies, else the running one if it is new enough. */
export function nodeFor(root) {
  const pinned = path.join(
    root,
    "node_modules/.bin",
    process.platform === "win32" ? "node.cmd" : "node",
  );
  if (process.platform !== "win32" && existsSync(pinned)) return pinned;
  if (Number(process.versions.node.split(".")[0]) >= NODE_MAJOR_WANTED) return process.execPath;
  throw new BootstrapError(
    `Node ${process.versions.node} runs, Chasqui needs Node ${NODE_MAJOR_WANTED} or later, and no package brings it ` +
      `for ${process.platform} ${process.arch}: install Node ${NODE_MAJOR_WANTED} and run the same command again`,
  );
}

/**
 * Kills the script's process group should we be killed without a chance to say so: a shell waits for
 * the end of a pipe whose other end only we hold.
 */
function watchdog(pid) {
  if (process.platform === "win32") return () => {};
  const guard = spawn(
    "/bin/sh",
    [
      "-c",
      'trap "" INT TERM HUP; read -r released || kill -s TERM -- "-$1" 2>/dev/null',
      "sh",
      String(pid),
    ],
    { stdio: ["pipe", "ignore", "ignore"], detached: true },
  );
  guard.on("error", () => {}); // no shell: only the kill -9 of this process is not covered
  guard.stdin.on("error", () => {});
  guard.unref();
  return () => guard.stdin.end("released\n");
}

/** Says of each signal whether it is news, or the one before heard again. */
export function signalFilter() {
  let last = { name: "", atMs: -Infinity };
  return (name, atMs) => {
    if (name === last.name && atMs - last.atMs < SAME_SIGNAL_MS) return false;
    last = { name, atMs };
    return true;
  };
}

/** Runs `script` to its end and resolves with the exit code: its own, or 128 + n when signal n ended it. */
export function supervise({ node, root, script, args }) {
  const pathList = [
    path.dirname(node),
    path.join(root, "node_modules/.bin"),
    process.env.PATH ?? "",
  ];
  const child = spawn(node, [script, ...args], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, PATH: pathList.join(path.delimiter) },
    // Its own group, so that the terminal's Ctrl-C does not reach it beside us.
    detached: process.platform !== "win32",
  });
  const isNews = signalFilter();
  const forward = (name) => {
    if (isNews(name, Date.now())) child.kill(name);
  };
  for (const name of SIGNALS) process.on(name, forward);
  const release = child.pid === undefined ? () => {} : watchdog(child.pid);
  const unwatch = watchParent(() => forward("SIGTERM"));
  return new Promise((resolve, reject) => {
    child.once("error", (error) =>
      reject(new BootstrapError(`cannot run ${node}: ${error.message}`)),
    );
    child.once("exit", (code, signal) => {
      release();
      unwatch();
      resolve(code ?? 128 + (constants.signals[signal] ?? 1));
    });
  });
}
