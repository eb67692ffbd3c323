// An embedded nats-server with JetStream on 127.0.0.1: started, stopped, killed, paused and robbed of its store
// at will. Invariants: it keeps its port over restarts; it is gone when its owner is.
import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { NatsProgram } from "./find-nats.ts";
import { createLineLog, type LineLog } from "./line-log.ts";
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
  /** SIGSTOP: once it resolves, connections stay open and nothing is answered. */
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

class EmbeddedNats implements NatsServer {
  readonly #options: NatsOptions;
  readonly #log: LineLog;
  #accounts: string;
  #ports: Ports;
  #life: NatsProcess | undefined;
  #isPaused = false;

  constructor(options: NatsOptions, log: LineLog) {
    this.#options = options;
    this.#log = log;
    this.#accounts = options.accounts ?? "";
    this.#ports = { port: options.port ?? -1, monitorPort: options.monitorPort };
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }
  get port(): number {
    return this.#ports.port;
  }
  get pid(): number {
    return this.#running().pid;
  }
  get monitorUrl(): string | undefined {
    const { monitorPort } = this.#ports;
    return monitorPort === undefined ? undefined : `http://127.0.0.1:${monitorPort}`;
  }

  logTail(lines: number): string {
    return this.#log.tail(lines);
  }

  async stop(): Promise<void> {
    await this.#end("SIGTERM");
    this.#log.close();
  }

  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  async restart(): Promise<void> {
    const giveUpAt = performance.now() + REBIND_MS_MAX;
    for (;;) {
      try {
        return await this.start();
      } catch (error) {
        // While it was down, another program's outgoing connection may have got the port.
        if (!(error instanceof PortTakenError) || performance.now() > giveUpAt) {
          throw this.explained(error);
        }
        await delay(50);
      }
    }
  }

  async killAndRestart(): Promise<void> {
    await this.kill();
    await this.restart();
  }

  async pause(): Promise<void> {
    await this.#running().send("SIGSTOP");
    this.#isPaused = true;
  }

  async resume(): Promise<void> {
    await this.#running().send("SIGCONT");
    this.#isPaused = false;
  }

  async wipeStore(): Promise<void> {
    await this.kill();
    await rm(path.join(this.#options.dir, "store"), { recursive: true, force: true });
    await this.restart();
  }

  async reload(accounts: string): Promise<void> {
    const life = this.#running();
    const before = this.#accounts;
    await this.#writeConfig(accounts);
    const outcome = this.#log.next(
      /Reloaded server configuration|Failed to reload server configuration.*/,
    );
    await life.send("SIGHUP");
    const gone = life.over.then(() => Promise.reject(new Error("nats-server ended in a reload")));
    const late = () => `nats-server ${life.pid} says nothing ${RELOAD_MS_MAX} ms after SIGHUP`;
    const [said] = await within(Promise.race([outcome, gone]), RELOAD_MS_MAX, late);
    if (!said.startsWith("Failed")) return;
    await this.#writeConfig(before); // what runs is also what a restart shall find
    throw new Error(`nats-server: ${said}`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async start(): Promise<void> {
    if (this.#life !== undefined) throw new Error(`nats-server ${this.pid} runs: stop it first`);
    const { program, dir } = this.#options;
    const configFile = await this.#writeConfig(this.#accounts);
    const log = this.#log;
    const life = await launchNats({ program, dir, configFile, log, readyMsMax: READY_MS_MAX });
    this.#life = life;
    this.#isPaused = false;
    this.#ports = { port: life.port, monitorPort: life.monitorPort };
    void life.over.then(() => {
      if (this.#life === life) this.#life = undefined;
    });
  }

  /** A taken port is told with the name of its setting. */
  explained(error: unknown): unknown {
    if (!(error instanceof PortTakenError)) return error;
    const { port, monitorPort } = this.#ports;
    const { portSetting = "port", monitorPortSetting = "monitorPort" } = this.#options;
    const isMonitor = monitorPort !== undefined && error.message.includes(`:${monitorPort}:`);
    return new Error(
      `nats-server: port ${isMonitor ? monitorPort : port} of 127.0.0.1 is taken by another program: ` +
        `stop that one, or choose another port with ${isMonitor ? monitorPortSetting : portSetting}`,
      { cause: error },
    );
  }

  #running(): NatsProcess {
    if (this.#life === undefined) throw new Error(`nats-server (${this.#options.dir}) is down`);
    return this.#life;
  }

  async #writeConfig(accounts: string): Promise<string> {
    const file = path.join(this.#options.dir, "nats-server.conf");
    await writeFile(file, configText(this.#options, this.#ports, accounts), { mode: 0o600 });
    await chmod(file, 0o600); // it names passwords; an older file keeps its mode otherwise
    this.#accounts = accounts;
    return file;
  }

  async #end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const life = this.#life;
    if (life === undefined) return;
    const tooLate = () => `nats-server ${life.pid} lives ${STOP_MS_MAX} ms after ${signal}`;
    // Whether a signal arrived is seen by the end: a server that ended meanwhile cannot be told anything.
    const send = (name: typeof signal | "SIGCONT") => life.send(name).catch(() => undefined);
    await send(signal);
    if (signal === "SIGTERM") {
      if (this.#isPaused) await send("SIGCONT"); // a paused server hears nothing
      await within(life.over, STOP_MS_MAX, tooLate).catch(() => send("SIGKILL"));
    }
    await within(life.over, STOP_MS_MAX, tooLate);
  }
}

export async function startNats(options: NatsOptions): Promise<NatsServer> {
  await mkdir(options.dir, { recursive: true, mode: 0o700 });
  const log = createLineLog(path.join(options.dir, "nats-server.log"), { append: false });
  const server = new EmbeddedNats(options, log);
  try {
    await server.start();
    return server;
  } catch (error) {
    log.close();
    throw server.explained(error);
  }
}
