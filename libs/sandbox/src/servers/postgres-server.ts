// An embedded PostgreSQL on 127.0.0.1: started, stopped, killed and restarted at will, on data that lasts.
// Invariants: it keeps its port over restarts; it listens on no socket but 127.0.0.1; it is gone when its
// owner is; `durable` means what a production database means by a commit.
import { spawn } from "node:child_process";
import path from "node:path";
import { freePort } from "./free-port.ts";
import { guardProcess } from "./guard.ts";
import { createLineLog, type LineLog } from "./line-log.ts";
import { connectAdmin, createDatabase, dropDatabase } from "./postgres-admin.ts";
import {
  type Cluster,
  type ClusterOptions,
  openCluster,
  settlePidFile,
  SUPERUSER,
} from "./postgres-cluster.ts";
import { within } from "./wait.ts";

const READY_MS_MAX = 120_000; // recovery after a kill comes before readiness
const STOP_MS_MAX = 15_000;
const PORT_TRIES_MAX = 5;

/** `dataDir`: absolute path of a folder for the data; made when missing, found again when not. */
export interface PostgresOptions extends ClusterOptions {
  /** Absent: any free port. */
  readonly port?: number;
  /** What to call the setting of the port in error messages. */
  readonly portSetting?: string;
  /** More of PostgreSQL's settings, by their names. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface PostgresServer extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  /** As superuser; `database` defaults to "postgres". */
  url(database?: string): string;
  logTail(lines: number): string;
  /** Fast shutdown; harmless if repeated. */
  stop(): Promise<void>;
  /** SIGKILL; resolves when all its processes are gone. It stays down until `restart`. */
  kill(): Promise<void>;
  /** Stops it if it runs (`mode` says how), and starts it on the same port and data. */
  restart(mode?: "fast" | "immediate"): Promise<void>;
  createDatabase(name: string, template?: string): Promise<void>;
  /** Ends the connections to it first. */
  dropDatabase(name: string): Promise<void>;
}

interface Life {
  readonly pid: number;
  readonly isOver: () => boolean;
  readonly over: Promise<void>;
  kill(signal: "SIGINT" | "SIGQUIT" | "SIGKILL"): void;
}

class PortTakenError extends Error {
  override readonly name = "PortTakenError";
}

function settingsOf({ durable, settings }: PostgresOptions): string[] {
  const all: Record<string, string> = {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    max_connections: "200",
    timezone: "UTC",
    log_timezone: "UTC",
    lc_messages: "C", // the log is read
    logging_collector: "off",
    scram_iterations: "1", // see initdb
    // Not synchronous_commit: a commit must survive the death of the server, if not of the machine.
    ...(durable ? {} : { fsync: "off", full_page_writes: "off" }),
    ...settings,
  };
  return Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

async function launch(
  cluster: Cluster,
  options: PostgresOptions,
  { port, log }: { port: number; log: LineLog },
): Promise<Life> {
  const args = ["-D", cluster.folder, "-p", String(port), ...settingsOf(options)];
  const { user } = cluster;
  const ready = log.next(/database system is ready to accept connections/);
  const child = spawn(path.join(cluster.programs, "bin/postgres"), args, {
    stdio: ["ignore", "pipe", "pipe"],
    detached: true, // Ctrl-C in a terminal is for us to hear; the servers stop last
    cwd: "/",
    env: cluster.env,
    ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
  });
  // SIGQUIT: the postmaster takes its children with it. They lead groups of their own.
  const release =
    child.pid === undefined
      ? () => undefined
      : guardProcess(child.pid, { signal: "QUIT", group: false });
  log.attach(child.stdout);
  log.attach(child.stderr);
  let isOver = false;
  let startError: Error | undefined;
  // "close" comes when standard error has no writer left: when the last backend is gone, too.
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
    if (/could not bind IPv4 address "127\.0\.0\.1": Address already in use/.test(said)) {
      throw new PortTakenError(said);
    }
    throw new Error(`PostgreSQL (${cluster.folder}) did not start: ${startError?.message ?? said}`);
  });
  try {
    const late = () =>
      `PostgreSQL (${cluster.folder}) is not ready after ${READY_MS_MAX} ms:\n${log.tail(12)}`;
    await within(Promise.race([ready, diedEarly]), READY_MS_MAX, late);
  } catch (error) {
    child.kill("SIGQUIT");
    throw error;
  } finally {
    diedEarly.catch(() => undefined); // after the start its end is `over`'s to tell
  }
  return { pid: child.pid ?? 0, isOver: () => isOver, over, kill: (signal) => child.kill(signal) };
}

/** The first start: on the port that was asked for, else on a free one. */
async function firstLaunch(
  cluster: Cluster,
  options: PostgresOptions,
  log: LineLog,
): Promise<{ life: Life; port: number }> {
  for (let tries = 1; ; tries += 1) {
    const port = options.port ?? (await freePort());
    try {
      return { life: await launch(cluster, options, { port, log }), port };
    } catch (error) {
      if (!(error instanceof PortTakenError)) throw error;
      if (options.port === undefined && tries < PORT_TRIES_MAX) continue;
      throw new Error(
        `PostgreSQL: port ${port} of 127.0.0.1 is taken by another program: ` +
          `stop that one, or choose another port with ${options.portSetting ?? "port"}`,
        { cause: error },
      );
    }
  }
}

export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const cluster = await openCluster(options);
  const log = createLineLog(path.join(options.dataDir, "postgres.log"), { append: false });
  const first = await firstLaunch(cluster, options, log).catch((error: unknown) => {
    log.close();
    throw error;
  });
  const { port } = first;
  let { life } = first;

  const end = async (signal: "SIGINT" | "SIGQUIT" | "SIGKILL"): Promise<void> => {
    if (life.isOver()) return;
    const tooLate = () => `PostgreSQL ${life.pid} lives ${STOP_MS_MAX} ms after ${signal}`;
    life.kill(signal);
    if (signal === "SIGINT") {
      await within(life.over, STOP_MS_MAX, tooLate).catch(() => life.kill("SIGQUIT"));
    }
    await within(life.over, STOP_MS_MAX, tooLate);
  };
  const url = (database = "postgres"): string =>
    `postgres://${SUPERUSER}:${cluster.password}@127.0.0.1:${port}/${database}`;
  const server: PostgresServer = {
    port,
    get pid() {
      return life.pid;
    },
    url,
    logTail: (lines) => log.tail(lines),
    stop: async () => {
      await end("SIGINT");
      log.close();
    },
    kill: () => end("SIGKILL"),
    restart: async (mode = "fast") => {
      await end(mode === "fast" ? "SIGINT" : "SIGQUIT");
      await settlePidFile(cluster); // a killed server leaves it behind
      life = await launch(cluster, options, { port, log });
    },
    createDatabase: async (name, template = "template1") => {
      await using connection = await connectAdmin(url());
      await createDatabase(connection, { name, template });
    },
    dropDatabase: async (name) => {
      await using connection = await connectAdmin(url());
      await dropDatabase(connection, name);
    },
    [Symbol.asyncDispose]: () => server.stop(),
  };
  return server;
}
