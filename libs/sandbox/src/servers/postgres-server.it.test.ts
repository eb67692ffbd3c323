// An embedded PostgreSQL under rough hands, and in the places and as the users that a clone may have.
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { constants, cpSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { runCommand } from "./command.ts";
import { connectAdmin } from "./postgres-admin.ts";
import { installedPrograms, lentUser } from "./postgres-home.ts";
import { type PostgresServer, startPostgres } from "./postgres-server.ts";
import { closeOf, connectTo, nodeProcess } from "./testing.ts";

const isRoot = process.getuid?.() === 0;
const durable = false;
/** For tests that are not about making a cluster. */
const copyOf = inject("newCluster");

async function folder(mode = 0o711) {
  const dir = await mkdtemp(path.join(tmpdir(), "chasqui-pg-"));
  await chmod(dir, mode);
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) };
}

async function run(server: PostgresServer, statement: string, database?: string) {
  await using connection = await connectAdmin(server.url(database));
  return await connection.run(statement);
}

async function keep(server: PostgresServer): Promise<void> {
  await run(server, "CREATE TABLE kept AS SELECT 42 AS answer");
}
async function kept(server: PostgresServer): Promise<unknown> {
  return run(server, "SELECT answer FROM kept");
}
const answer = [{ answer: 42 }];

describe("a running server", () => {
  let at: Awaited<ReturnType<typeof folder>>;
  let server: PostgresServer;
  beforeAll(async () => {
    at = await folder();
    server = await startPostgres({ dataDir: at.dir, durable: true });
  });
  afterAll(async () => {
    await server.stop();
    await at[Symbol.asyncDispose]();
  });

  test("durable means what a production database means by a commit", async () => {
    const rows = await run(
      server,
      "SELECT string_agg(setting, ' ' ORDER BY name) AS s FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit')",
    );
    expect(rows).toEqual([{ s: "on on on" }]);
  });

  test("it listens on 127.0.0.1 alone, and lets nobody in without the password", async () => {
    const rows = await run(
      server,
      "SELECT string_agg(setting, ',' ORDER BY name) AS s FROM pg_settings WHERE name IN ('listen_addresses', 'unix_socket_directories')",
    );
    expect(rows).toEqual([{ s: "127.0.0.1," }]);
    const url = new URL(server.url());
    url.password = "guess";
    await expect(connectAdmin(url.href)).rejects.toThrow("password authentication failed");
    expect((await stat(path.join(at.dir, "password"))).mode & 0o077).toBe(0);
  });

  test("databases are made from templates and dropped under their users", async () => {
    await server.createDatabase("original");
    await run(server, "CREATE TABLE kept AS SELECT 42 AS answer", "original");
    await server.createDatabase("copy", "original");
    await using user = await connectAdmin(server.url("copy"));
    expect(await user.run("SELECT answer FROM kept")).toEqual(answer);
    await server.dropDatabase("copy");
    await expect(connectAdmin(server.url("copy"))).rejects.toThrow('"copy" does not exist');
    await expect(server.createDatabase("x; drop")).rejects.toThrow('database name "x; drop": want');
  });

  test("a taken port is named, with its setting", async () => {
    await using other = await folder();
    const { port } = server;
    const portSetting = "PG_PORT";
    const again = startPostgres({ dataDir: other.dir, durable, copyOf, port, portSetting });
    await expect(again).rejects.toThrow(
      `port ${port} of 127.0.0.1 is taken by another program: stop that one, or choose another port with PG_PORT`,
    );
  });
});

test("a copy of a new cluster: a killed server comes back on its port with what was committed", async () => {
  await using at = await folder();
  await using server = await startPostgres({ dataDir: at.dir, durable, copyOf });
  const { port, pid } = server;
  await keep(server);
  await server.kill();
  await expect(connectTo(port)).rejects.toThrow("ECONNREFUSED");
  await server.restart();
  expect(server.port).toBe(port);
  expect(server.pid).not.toBe(pid);
  expect(await kept(server)).toEqual(answer);
  await server.restart("immediate");
  expect(await kept(server)).toEqual(answer);
});

test("a second start finds the data of the first, and stopping twice is harmless", async () => {
  await using at = await folder();
  const options = { dataDir: at.dir, durable, copyOf };
  const first = await startPostgres(options);
  await keep(first);
  await first.stop();
  await first.stop();
  await using second = await startPostgres(options);
  expect(await kept(second)).toEqual(answer);
});

test("what killed processes left behind holds nobody up: half a cluster, a pid file", async () => {
  await using at = await folder();
  const data = path.join(at.dir, "data");
  await mkdir(path.join(data, "new-1/base"), { recursive: true });
  const first = await startPostgres({ dataDir: at.dir, durable });
  expect(await readdir(data)).toEqual(["cluster"]);
  await keep(first);
  await first.kill();
  // The number of the killed server belongs to another process by now: to this one.
  const pidFile = path.join(data, "cluster/postmaster.pid");
  const text = await readFile(pidFile, "utf8");
  await writeFile(pidFile, text.replace(/^\d+/, String(process.pid)));
  await using second = await startPostgres({ dataDir: at.dir, durable });
  expect(await kept(second)).toEqual(answer);
});

test("data of another version of PostgreSQL is not touched", async () => {
  await using at = await folder();
  await mkdir(path.join(at.dir, "data/cluster"), { recursive: true });
  await writeFile(path.join(at.dir, "data/cluster/PG_VERSION"), "9\n");
  const start = startPostgres({ dataDir: at.dir, durable });
  await expect(start).rejects.toThrow(
    /was made by PostgreSQL 9, and .* is PostgreSQL 18: move the/,
  );
});

const serverModule = JSON.stringify(path.join(import.meta.dirname, "postgres-server.ts"));

test("it is gone when its owner is killed, and its next owner need not wait", async () => {
  await using at = await folder();
  const owner = nodeProcess(`
    import { startPostgres } from ${serverModule};
    console.log((await startPostgres(${JSON.stringify({ dataDir: at.dir, durable, copyOf })})).port);
  `);
  const gone = closeOf(await connectTo(Number(await owner.line())));
  owner.kill();
  await gone;
  await using server = await startPostgres({ dataDir: at.dir, durable });
  await keep(server);
  expect(await kept(server)).toEqual(answer);
});

test.skipIf(!isRoot)(
  "as root it runs as another user, in the folder itself if that user can reach it",
  async () => {
    await using at = await folder();
    await using server = await startPostgres({ dataDir: at.dir, durable });
    const { uid } = await lentUser();
    expect((await stat(path.join(at.dir, "data/cluster/postmaster.pid"))).uid).toBe(uid);
    await keep(server);
  },
);

test.skipIf(!isRoot)(
  "as root in a folder of mode 0700, programs and data go where the user can reach them",
  async () => {
    await using clone = await folder(0o700);
    await using common = await folder(0o711);
    const programs = path.join(clone.dir, "native");
    cpSync(await installedPrograms(), programs, {
      recursive: true,
      verbatimSymlinks: true,
      mode: constants.COPYFILE_FICLONE,
    });
    const dataDir = path.join(clone.dir, "postgres");
    const options = { dataDir, durable, programs, commonFolders: [common.dir] };
    {
      await using first = await startPostgres(options);
      await keep(first);
    }
    const moved = (await readFile(path.join(dataDir, "moved-to"), "utf8")).split("\n")[0] ?? "";
    expect(path.dirname(moved)).toBe(common.dir);
    await using second = await startPostgres(options);
    expect(await kept(second)).toEqual(answer);
  },
);

test.skipIf(!isRoot)("as root, a folder that somebody else put in the way is refused", async () => {
  await using clone = await folder(0o700);
  await using common = await folder(0o711);
  const options = { dataDir: clone.dir, durable, copyOf, commonFolders: [common.dir] };
  {
    await using first = await startPostgres(options);
    await keep(first);
  }
  const moved = (await readFile(path.join(clone.dir, "moved-to"), "utf8")).split("\n")[0] ?? "";
  await chown(moved, 65_534, 65_534);
  await expect(startPostgres(options)).rejects.toThrow("was not made by us");
});

// Root can become a plain user only where that user may read the clone and its Node.
const user = isRoot ? await lentUser() : undefined;
const canBePlain =
  user === undefined ||
  (await runCommand(process.execPath, ["--version"], { timeoutMs: 10_000, cwd: "/", user })).ok;

test.skipIf(!canBePlain)("a plain user runs it in a folder of his own", async () => {
  await using at = await folder();
  if (user !== undefined) await chown(at.dir, user.uid, user.gid);
  const owner = nodeProcess(
    `
    import { startPostgres } from ${serverModule};
    const server = await startPostgres(${JSON.stringify({ dataDir: at.dir, durable })});
    console.log(process.getuid());
    console.log(server.url());
    await server.stop();
    console.log("stopped");
  `,
    user,
  );
  expect(Number(await owner.line())).not.toBe(0);
  expect(await owner.line()).toMatch(/^postgres:\/\/postgres:.+@127\.0\.0\.1:\d+\/postgres$/);
  expect(await owner.line()).toBe("stopped");
  expect((await owner.exited)[0]).toBe(0);
});
