// An embedded nats-server with JetStream on 127.0.0.1: started, stopped, killed, paused and robbed of its store
// at will. Invariants: it keeps its port over restarts; it is gone when its owner is.
import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { NatsProgram } from "./find-nats.ts";
import { createLineLog } from "./line-log.ts";
import { launchNats, type NatsProcess, PortTakenError } from "./nats-process.ts";
import { within } from "./wait.ts";

const READY_MS_MAX = 60_000; // recovery of a large store comes before readiness
const STOP_MS_MAX = 10_000;
const RELOAD_MS_MAX = 10_000;
const REBIND_MS_MAX = 5_000;

export interface NatsOptions {
  readonly program: NatsProgram;
  /** Absolute path of a folder for configuration, log and store; made when missing, found again when not. */
  readonly dir: string;
  /** Absent: any free port. */
  readonly port?: number;
  /** Absent: no monitoring. 0: any free port. */
  readonly monitorPort?: number;
  /** What to call the settings of the ports in error messages. */
  readonly portSetting?: string;
  readonly monitorPortSetting?: string;
  /** Configuration text besides ours: accounts, users, permissions. */
  readonly accounts?: string;
  readonly serverName?: string;
  readonly storeBytesMax?: number;
  readonly memoryBytesMax?: number;
}

export interface NatsServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly monitorUrl: string | undefined;
  /** The last lines that the server wrote. */
  logTail(lines: number): string;
  /** Ends it in order; harmless if repeated. */
  stop(): Promise<void>;
  /** SIGKILL; it stays down until `restart`. */
  kill(): Promise<void>;
  /** Starts a server that is down, on the same port and store. */
  restart(): Promise<void>;
  killAndRestart(): Promise<void>;
  /** SIGSTOP: connections stay open, nothing is answered. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Kills it, deletes the whole JetStream store, starts it again. */
  wipeStore(): Promise<void>;
  /** Replaces the configuration text `accounts` of a running server; connections stay. */
  reload(accounts: string): Promise<void>;
}

interface Ports {
  readonly port: number;
  readonly monitorPort: number | undefined;
}

function configText(options: NatsOptions, { port, monitorPort }: Ports, accounts: string): string {
  const { dir, serverName = "chasqui", storeBytesMax = 16e9, memoryBytesMax = 256e6 } = options;
  const lines = [
    `server_name: ${JSON.stringify(serverName)}`,
    'host: "127.0.0.1"',
    `port: ${port}`,
    ...(monitorPort === undefined
      ? []
      : [`http: "127.0.0.1:${monitorPort === 0 ? -1 : monitorPort}"`]),
    "jetstream {",
    `  store_dir: ${JSON.stringify(path.join(dir, "store"))}`,
    `  max_file_store: ${storeBytesMax}`,
    `  max_memory_store: ${memoryBytesMax}`,
    "}",
    accounts,
  ];
  return `${lines.join("\n")}\n`;
}

function portTaken(options: NatsOptions, { port, monitorPort }: Ports, said: string): Error {
  const isMonitor = monitorPort !== undefined && said.includes(`:${monitorPort}:`);
  const taken = isMonitor ? monitorPort : port;
  const setting = isMonitor
    ? (options.monitorPortSetting ?? "monitorPort")
    : (options.portSetting ?? "port");
  return new Error(
    `nats-server: port ${taken} of 127.0.0.1 is taken by another program: ` +
      `stop that one, or choose another port with ${setting}`,
  );
}

export async function startNats(options: NatsOptions): Promise<NatsServer> {
  const { dir, program } = options;
  const configFile = path.join(dir, "nats-server.conf");
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const log = createLineLog(path.join(dir, "nats-server.log"), { append: false });
  let accounts = options.accounts ?? "";
  let ports: Ports = { port: options.port ?? -1, monitorPort: options.monitorPort };

  const writeConfig = async (): Promise<void> => {
    await writeFile(configFile, configText(options, ports, accounts), { mode: 0o600 });
    await chmod(configFile, 0o600); // it names passwords; an older file keeps its mode otherwise
  };
  const launch = async (): Promise<NatsProcess> => {
    await writeConfig();
    const life = await launchNats({ program, dir, configFile, log, readyMsMax: READY_MS_MAX });
    ports = { port: life.port, monitorPort: life.monitorPort };
    return life;
  };
  let life = await launch().catch((error: unknown) => {
    log.close();
    throw error instanceof PortTakenError ? portTaken(options, ports, error.message) : error;
  });

  const end = async (signal: "SIGTERM" | "SIGKILL"): Promise<void> => {
    if (life.isOver()) return;
    await life.send(signal);
    const tooLate = () => `nats-server ${life.pid} lives ${STOP_MS_MAX} ms after ${signal}`;
    if (signal === "SIGTERM") {
      await life.send("SIGCONT"); // a paused server hears nothing
      await within(life.over, STOP_MS_MAX, tooLate).catch(() => life.send("SIGKILL"));
    }
    await within(life.over, STOP_MS_MAX, tooLate);
  };
  const restart = async (): Promise<void> => {
    if (!life.isOver()) throw new Error(`nats-server ${life.pid} runs: stop or kill it first`);
    const giveUpAt = performance.now() + REBIND_MS_MAX;
    for (;;) {
      try {
        life = await launch();
        return;
      } catch (error) {
        if (!(error instanceof PortTakenError)) throw error;
        if (performance.now() > giveUpAt) throw portTaken(options, ports, error.message);
        await delay(50); // while it was down, another program's outgoing connection got the port
      }
    }
  };
  const server: NatsServer = {
    get url() {
      return `nats://127.0.0.1:${ports.port}`;
    },
    get port() {
      return ports.port;
    },
    get pid() {
      return life.pid;
    },
    get monitorUrl() {
      return ports.monitorPort === undefined ? undefined : `http://127.0.0.1:${ports.monitorPort}`;
    },
    logTail: (lines) => log.tail(lines),
    stop: async () => {
      await end("SIGTERM");
      log.close();
    },
    kill: () => end("SIGKILL"),
    restart,
    killAndRestart: async () => {
      await end("SIGKILL");
      await restart();
    },
    pause: () => life.send("SIGSTOP"),
    resume: () => life.send("SIGCONT"),
    wipeStore: async () => {
      await end("SIGKILL");
      await rm(path.join(dir, "store"), { recursive: true, force: true });
      await restart();
    },
    reload: async (text) => {
      const before = accounts;
      accounts = text;
      await writeConfig();
      const outcome = log.next(
        /Reloaded server configuration|Failed to reload server configuration.*/,
      );
      await life.send("SIGHUP");
      const gone = life.over.then(() => Promise.reject(new Error("nats-server ended in a reload")));
      const [said] = await within(Promise.race([outcome, gone]), RELOAD_MS_MAX, () => {
        return `nats-server ${life.pid} says nothing ${RELOAD_MS_MAX} ms after SIGHUP`;
      });
      if (said.startsWith("Failed")) {
        accounts = before; // what runs is also what a restart shall find
        await writeConfig();
        throw new Error(`nats-server: ${said}`);
      }
    },
    [Symbol.asyncDispose]: () => server.stop(),
  };
  return server;
}
