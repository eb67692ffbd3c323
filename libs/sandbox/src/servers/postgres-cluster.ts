// A database cluster on disk: made once, whole or not at all, and found again.
import { randomBytes } from "node:crypto";
import { chmod, copyFile, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { runCommand } from "./command.ts";
import { type HomeOptions, preparePostgresHome, type User } from "./postgres-home.ts";
import { commandLineOf, isRunning } from "./process-table.ts";
import { type OnWait, tellWhileWaiting } from "./wait.ts";

const INITDB_MS_MAX = 120_000;
const COPY_MS_MAX = 30_000;
const LEAVE_MS_MAX = 10_000;

export interface Cluster {
  readonly user: User | undefined;
  readonly programs: string;
  /** PGDATA. */
  readonly folder: string;
  readonly password: string;
  /** The environment of PostgreSQL's programs: nobody's PGDATA, PGPORT or LANG leaks in. */
  readonly env: Readonly<Record<string, string>>;
}

export const SUPERUSER = "postgres";
/** In `dataDir`. */
const PASSWORD = "password";
/** In what the user of PostgreSQL can reach of it. */
const CLUSTER = "cluster";

async function exists(file: string): Promise<boolean> {
  return readFile(file).then(
    () => true,
    () => false,
  );
}

/** The superuser's password: made with the cluster, readable by us alone. */
async function passwordOf(dataDir: string): Promise<string> {
  const file = path.join(dataDir, PASSWORD);
  if (!(await exists(file))) {
    await writeFile(file, `${randomBytes(24).toString("base64url")}\n`, { mode: 0o600 });
    await chmod(file, 0o600);
  }
  return (await readFile(file, "utf8")).trim();
}

/** Fills a new folder, which gets its final name when it is whole. */
async function makeWhole(folder: string, fill: (fresh: string) => Promise<void>): Promise<void> {
  const parent = path.dirname(folder);
  for (const name of await readdir(parent)) {
    // Left by a start that was killed in the middle.
    if (name.startsWith("new-"))
      await rm(path.join(parent, name), { recursive: true, force: true });
  }
  const fresh = path.join(parent, `new-${process.pid}`);
  try {
    await fill(fresh);
    await rename(fresh, folder);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

async function copyFrom(from: string, fresh: string): Promise<void> {
  const copied = await runCommand("cp", ["-a", from, fresh], { timeoutMs: COPY_MS_MAX });
  if (!copied.ok) throw new Error(`copying ${from} failed: ${copied.output}`);
}

async function initialise(cluster: Cluster, durable: boolean, fresh: string): Promise<void> {
  const { folder, programs, user, password, env } = cluster;
  const parent = path.dirname(folder);
  const pwfile = path.join(parent, `new-password-${process.pid}`);
  await writeFile(pwfile, `${password}\n`, { mode: 0o600 });
  try {
    if (user !== undefined)
      await runCommand("chown", [String(user.uid), pwfile], { timeoutMs: 10_000 });
    const args = [
      `--pgdata=${fresh}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${pwfile}`,
      "--auth=scram-sha-256",
      "--locale=C",
      "--encoding=UTF8",
      // The passwords here are random and long: more rounds only make each connection slower.
      "--set=scram_iterations=1",
      ...(durable ? [] : ["--no-sync"]),
    ];
    const made = await runCommand(path.join(programs, "bin/initdb"), args, {
      timeoutMs: INITDB_MS_MAX,
      cwd: "/",
      env,
      user,
    });
    if (!made.ok) throw new Error(`initdb of ${folder} failed: ${made.output}`);
  } finally {
    await rm(pwfile, { force: true });
  }
}

async function assertVersion({ folder, programs, env }: Cluster): Promise<void> {
  const has = (await readFile(path.join(folder, "PG_VERSION"), "utf8")).trim();
  const postgres = path.join(programs, "bin/postgres");
  const { output } = await runCommand(postgres, ["--version"], { timeoutMs: 10_000, env });
  const wants = /PostgreSQL\) (\d+)/.exec(output)?.[1];
  if (wants === has) return;
  throw new Error(
    `${folder} was made by PostgreSQL ${has}, and ${postgres} is PostgreSQL ${wants ?? `unknown (${output})`}: ` +
      "move the old folder away to start with an empty database",
  );
}

/** Whether `pid` is a server on this folder; where the system does not tell, a living process is taken for one. */
async function runsOn(pid: number, folder: string): Promise<boolean> {
  if (!Number.isSafeInteger(pid) || pid <= 0 || !(await isRunning(pid))) return false;
  return (await commandLineOf(pid))?.includes(folder) ?? true;
}

/**
 * A pid file of a server that is gone is removed: its number may be some other process now, and PostgreSQL
 * would refuse to start. One that is just leaving is waited for.
 */
export async function settlePidFile({ folder }: Pick<Cluster, "folder">): Promise<void> {
  const file = path.join(folder, "postmaster.pid");
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return;
  const pid = Number(text.split("\n")[0]);
  const giveUpAt = performance.now() + LEAVE_MS_MAX;
  while (await runsOn(pid, folder)) {
    if (performance.now() > giveUpAt) {
      throw new Error(
        `PostgreSQL already runs on ${folder} as process ${pid}: is Chasqui started twice? ` +
          `Stop the other one, or end it with \`kill ${pid}\``,
      );
    }
    await delay(50);
  }
  await rm(file, { force: true });
}

export interface ClusterOptions extends HomeOptions {
  /** False: no fsync. Commits survive a kill of the server, not of the machine: for tests. */
  readonly durable: boolean;
  /**
   * The `dataDir` of a cluster that nobody runs: a new one begins as its copy, password and all, in a fifth of the
   * time that initdb takes. For tests.
   */
  readonly copyOf?: string | undefined;
  readonly onWait?: OnWait | undefined;
}

async function clusterIn(dataDir: string): Promise<string> {
  const { data } = await preparePostgresHome({ dataDir });
  return path.join(data, CLUSTER);
}

async function copyPassword(from: string, to: string): Promise<void> {
  if (await exists(path.join(to, PASSWORD))) return;
  await copyFile(path.join(from, PASSWORD), path.join(to, PASSWORD));
}

export async function openCluster(options: ClusterOptions): Promise<Cluster> {
  const { dataDir, durable, onWait, copyOf } = options;
  await mkdir(dataDir, { recursive: true });
  if (copyOf !== undefined) await copyPassword(copyOf, dataDir);
  const home = await tellWhileWaiting(
    preparePostgresHome(options),
    () => "copying PostgreSQL's programs to where its user can reach them",
    onWait,
  );
  const cluster: Cluster = {
    user: home.user,
    programs: home.programs,
    folder: path.join(home.data, CLUSTER),
    password: await passwordOf(dataDir),
    env: { PATH: process.env.PATH ?? "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" },
  };
  if (await exists(path.join(cluster.folder, "PG_VERSION"))) await assertVersion(cluster);
  else {
    const from = copyOf === undefined ? undefined : await clusterIn(copyOf);
    const made = makeWhole(cluster.folder, (fresh) =>
      from === undefined ? initialise(cluster, durable, fresh) : copyFrom(from, fresh),
    );
    await tellWhileWaiting(made, () => `making the database cluster ${cluster.folder}`, onWait);
  }
  await settlePidFile(cluster);
  return cluster;
}
