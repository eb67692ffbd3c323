// A clone of nothing but the bootstrap: its scripts, a lock file, and an npm that obeys the test. The fake npm
// notes each call, waits for the file `go` when the test wants it held, and installs one package.
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { type ChildProcess, spawn } from "node:child_process";
import { temporaryFolder, type TemporaryFolder } from "./temporary-folder.ts";

const project = path.resolve(import.meta.dirname, "../..");

const NPM = `
const fs = require("node:fs");
const path = require("node:path");
fs.appendFileSync("calls", process.argv.slice(2).join(" ") + "\\n");
const installed = () => {
  if (fs.existsSync("fail")) {
    console.error(fs.readFileSync("fail", "utf8"));
    process.exit(1);
  }
  fs.rmSync("node_modules", { recursive: true, force: true });
  const lock = JSON.parse(fs.readFileSync("package-lock.json", "utf8"));
  const skipped = fs.existsSync("skip") ? fs.readFileSync("skip", "utf8").split("\\n") : [];
  for (const name of Object.keys(lock.packages)) {
    if (name === "" || skipped.includes(name)) { delete lock.packages[name]; continue; }
    fs.mkdirSync(name, { recursive: true });
    fs.writeFileSync(path.join(name, "package.json"), "{}");
  }
  fs.writeFileSync("node_modules/.package-lock.json", JSON.stringify(lock));
};
if (!fs.existsSync("hold")) installed();
else {
  const watcher = fs.watch(".");
  const look = () => {
    if (!fs.existsSync("go")) return;
    watcher.close();
    installed();
  };
  watcher.on("change", look);
  process.on("SIGTERM", () => {}); // as npm, which takes its time
  fs.writeFileSync("held", "");
  look();
}
`;

export interface Run {
  readonly process: ChildProcess;
  /** All that was printed, by the bootstrap and by what it started. */
  readonly output: () => string;
  /** The next line that is printed and matches. */
  line(pattern: RegExp): Promise<string>;
  /** Resolves when the run and all that holds its output are gone. */
  readonly end: Promise<{ code: number | null; output: string }>;
}

export interface FakeClone extends AsyncDisposable {
  readonly root: string;
  write(file: string, text: string): Promise<void>;
  read(file: string): Promise<string>;
  /** How often npm was called. */
  installs(): Promise<number>;
  run(script: string, ...args: string[]): Run;
  /** Runs a command line by the shell, as npm does. */
  shell(command: string, env?: Readonly<Record<string, string>>): Run;
}

export function startRun(
  command: string,
  args: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv },
): Run {
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let look: (() => void)[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      for (const again of look) again();
    });
  }
  const end = new Promise<{ code: number | null; output: string }>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output }));
  });
  const line = (pattern: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      const again = (): void => {
        const found = output.split("\n").find((text) => pattern.test(text));
        if (found === undefined) return;
        look = look.filter((other) => other !== again);
        resolve(found);
      };
      look.push(again);
      void end.then(() => reject(new Error(`ended without a line ${pattern}:\n${output}`)));
      again();
    });
  return { process: child, output: () => output, line, end };
}

export async function fakeClone(): Promise<FakeClone> {
  const folder: TemporaryFolder = await temporaryFolder("clone");
  const root = folder.path;
  const write = async (file: string, text: string): Promise<void> => {
    await mkdir(path.dirname(path.join(root, file)), { recursive: true });
    await writeFile(path.join(root, file), text);
  };
  for (const part of ["scripts/run.mjs", "scripts/bootstrap"]) {
    await cp(path.join(project, part), path.join(root, part), { recursive: true });
  }
  const binaries = { os: [process.platform], cpu: [process.arch], optional: true };
  const lock = {
    packages: {
      "": {},
      "node_modules/plain": { version: "1.0.0", integrity: "sha512-a" },
      "node_modules/tool-here": { version: "2.0.0", integrity: "sha512-b", ...binaries },
    },
  };
  await write("package-lock.json", JSON.stringify(lock));
  await write("npm/npm-cli.js", NPM);
  const options = (env: Readonly<Record<string, string>> = {}) => ({
    cwd: root,
    env: {
      ...process.env,
      npm_execpath: path.join(root, "npm/npm-cli.js"),
      npm_lifecycle_event: undefined, // these tests may themselves run under npm
      ...env,
    },
  });
  return {
    root,
    write,
    read: (file) => readFile(path.join(root, file), "utf8"),
    installs: async () => {
      const calls = await readFile(path.join(root, "calls"), "utf8").catch(() => "");
      return calls.split("\n").length - 1;
    },
    run: (script, ...args) =>
      startRun(process.execPath, ["scripts/run.mjs", script, ...args], options()),
    shell: (command, env) => startRun("/bin/sh", ["-c", command], options(env)),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}
