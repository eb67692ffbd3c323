// One life of a nats-server process: from its spawn to its end, ready when it says so and greets a client.
import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { connect } from "node:net";
import { runCommand } from "./command.ts";
import type { NatsProgram } from "./find-nats.ts";
import { guardProcess, guardWithCommand, type Release } from "./guard.ts";
import type { LineLog } from "./line-log.ts";
import { whenStopped } from "./process-table.ts";
import { within } from "./wait.ts";

export interface NatsProcess {
  /** Of the server, or of Docker's client when it runs in a container. */
  readonly pid: number;
  readonly port: number;
  readonly monitorPort: number | undefined;
  readonly isOver: () => boolean;
  /** Resolves when the process is gone. */
  readonly over: Promise<void>;
  /** SIGSTOP: resolves when it stands still. */
  send(signal: "SIGTERM" | "SIGKILL" | "SIGSTOP" | "SIGCONT" | "SIGHUP"): Promise<void>;
}

/** The address was taken; the caller knows which setting chose it. */
export class PortTakenError extends Error {
  override readonly name = "PortTakenError";
}

export interface LaunchOptions {
  readonly program: NatsProgram;
  readonly dir: string;
  readonly configFile: string;
  readonly log: LineLog;
  readonly readyMsMax: number;
}

interface Spawned {
  readonly child: ChildProcess;
  readonly release: Release;
  readonly send: NatsProcess["send"];
}

function spawnBinary(path: string, configFile: string): Spawned {
  const child = spawn(path, ["-c", configFile], {
    stdio: ["ignore", "pipe", "pipe"],
    detached: true, // Ctrl-C in a terminal is for us to hear; the servers stop last
  });
  const release = child.pid === undefined ? () => undefined : guardProcess(child.pid);
  return {
    child,
    release,
    send: async (signal) => {
      const { pid } = child;
      const isSent = child.kill(signal);
      if (signal === "SIGSTOP" && isSent && pid !== undefined) await whenStopped(pid);
    },
  };
}

function spawnContainer(image: string, { dir, configFile }: LaunchOptions): Spawned {
  const name = `chasqui-nats-${randomUUID()}`;
  const user = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
  const run = ["run", "--rm", "--name", name, "--network", "host", "--user", user];
  const mount = ["--volume", `${dir}:${dir}`, "--entrypoint", "nats-server"];
  const child = spawn("docker", [...run, ...mount, image, "-c", configFile], {
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  return {
    child,
    release: guardWithCommand(["docker", "kill", name]),
    send: async (signal) => {
      // Docker's client passes on neither SIGKILL nor SIGSTOP, so the engine is asked.
      const sent = await runCommand("docker", ["kill", "--signal", signal, name], {
        timeoutMs: 10_000,
      });
      if (!sent.ok) throw new Error(`docker kill --signal ${signal} ${name}: ${sent.output}`);
    },
  };
}

/** Connects and waits for the server's first line, so that "ready" means that a client is greeted. */
function greet(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("error", reject);
    socket.once("data", (data) => {
      socket.destroy();
      if (data.toString("latin1").startsWith("INFO ")) resolve();
      else reject(new Error(`127.0.0.1:${port} greets with ${JSON.stringify(String(data))}`));
    });
  });
}

async function whenReady({ log }: LaunchOptions): Promise<{ port: number; monitorPort?: number }> {
  let monitorPort: number | undefined;
  void log.next(/Starting http monitor on .*:(\d+)/).then((match) => {
    monitorPort = Number(match[1]);
  });
  const listening = log.next(/Listening for client connections on .*:(\d+)/);
  await log.next(/Server is ready/);
  const port = Number((await listening)[1]);
  await greet(port);
  return { port, ...(monitorPort === undefined ? {} : { monitorPort }) };
}

export async function launchNats(options: LaunchOptions): Promise<NatsProcess> {
  const { program, log, configFile, readyMsMax } = options;
  const { child, release, send } =
    program.kind === "binary"
      ? spawnBinary(program.path, configFile)
      : spawnContainer(program.image, options);
  for (const stream of [child.stdout, child.stderr]) if (stream !== null) log.attach(stream);
  let isOver = false;
  let startError: Error | undefined;
  const over = new Promise<void>((resolve) => {
    child.once("error", (error) => {
      startError = error;
      resolve();
    });
    child.once("close", () => resolve());
  }).then(() => {
    isOver = true;
    release();
  });
  const diedEarly = over.then(() => {
    const said = log.tail(12);
    if (/address already in use/.test(said)) throw new PortTakenError(said);
    throw new Error(`nats-server (${configFile}) did not start: ${startError?.message ?? said}`);
  });
  try {
    const { port, monitorPort } = await within(
      Promise.race([whenReady(options), diedEarly]),
      readyMsMax,
      () => `nats-server (${configFile}) is not ready after ${readyMsMax} ms:\n${log.tail(12)}`,
    );
    const pid = child.pid ?? 0;
    return { pid, port, monitorPort, over, send, isOver: () => isOver };
  } catch (error) {
    if (!isOver) await send("SIGKILL").catch(() => undefined);
    throw error;
  } finally {
    diedEarly.catch(() => undefined); // after the start its end is `over`'s to tell
  }
}
