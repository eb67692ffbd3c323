// One service as a process: started, killed, paused and started again at will. It ends when its owner does, because
// its standard input is a pipe that only the owner holds.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdirSync, type WriteStream } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { leanProcessEnv } from "@chasqui/chassis";

export interface ServiceOptions {
  readonly name: string;
  /** The bundle. */
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
  readonly logDir: string;
  readonly cwd: string;
  /** Called when the process ends though nobody asked it to. */
  readonly onDeath?: (name: string, how: string) => void;
}

export interface ServiceProcess {
  readonly name: string;
  readonly pid: number | undefined;
  readonly healthPort: number | undefined;
  /** Resolves when the service says that it is ready; rejects with its last lines when it ends before. */
  start(): Promise<void>;
  /** SIGTERM, and SIGKILL after the deadline. Answers the exit code. */
  stop(deadlineMs: number): Promise<number | null>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
}

const READY_MS_MAX = 60_000;
const LINES_KEPT = 30;

export function serviceProcess(options: ServiceOptions): ServiceProcess {
  const { name, file, logDir } = options;
  let child: ChildProcess | undefined;
  let ended: Promise<unknown> = Promise.resolve();
  let isStopping = false;
  let healthPort: number | undefined;

  async function start(): Promise<void> {
    mkdirSync(logDir, { recursive: true });
    const log = createWriteStream(path.join(logDir, `${name}.log`), { flags: "a" });
    const started = spawn(process.execPath, [file], {
      cwd: options.cwd,
      env: { ...leanProcessEnv, ...options.env, CHASQUI_EXIT_WITH_PARENT: "1" },
      stdio: ["pipe", "pipe", "pipe"],
      detached: true, // a Ctrl-C in the terminal is for the owner, who then stops us in order
    });
    child = started;
    isStopping = false;
    const tail: string[] = [];
    const ready = Promise.withResolvers<void>();
    ready.promise.catch(() => undefined);
    follow(started, log, tail, (line) => {
      if (line.includes('"message":"health server listens"')) healthPort = portIn(line);
      if (line.includes('"message":"ready"')) ready.resolve();
    });
    ended = once(started, "exit").then(() => {
      const how = started.signalCode ?? `exit code ${started.exitCode}`;
      ready.reject(new Error(`${name} ended (${how}) before it was ready:\n${tail.join("\n")}`));
      if (!isStopping) options.onDeath?.(name, how);
    });
    const timer = setTimeout(() => {
      ready.reject(
        new Error(`${name} is not ready after ${READY_MS_MAX / 1_000} s:\n${tail.join("\n")}`),
      );
    }, READY_MS_MAX);
    try {
      await ready.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    isStopping = true;
    const { pid } = child ?? {};
    if (
      child === undefined ||
      pid === undefined ||
      child.exitCode !== null ||
      child.signalCode !== null
    )
      return;
    child.kill(signal);
    await ended;
  }

  return {
    name,
    get pid() {
      return child?.pid;
    },
    get healthPort() {
      return healthPort;
    },
    start,
    async stop(deadlineMs) {
      const timer = setTimeout(() => child?.kill("SIGKILL"), deadlineMs);
      await end("SIGTERM");
      clearTimeout(timer);
      return child?.exitCode ?? null;
    },
    kill: () => end("SIGKILL"),
    signal: (signal) => void child?.kill(signal),
  };
}

function follow(
  child: ChildProcess,
  log: WriteStream,
  tail: string[],
  onLine: (line: string) => void,
): void {
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on("line", (line) => {
      log.write(`${line}\n`);
      tail.push(line);
      if (tail.length > LINES_KEPT) tail.shift();
      onLine(line);
    });
  }
  child.on("close", () => log.end());
}

function portIn(line: string): number | undefined {
  const found = /"port":(\d+)/.exec(line)?.[1];
  return found === undefined ? undefined : Number(found);
}
