// Databases for tests. `TestPostgres.database()` is a database of the test's own in the run's one cluster;
// `TestPostgres.start()` is a whole server, for tests that kill it.
//   await using db = await TestPostgres.database();
import { randomBytes } from "node:crypto";
import { inject } from "vitest";
import {
  type AdminConnection,
  connectAdmin,
  createDatabase,
  databaseIdentifier,
  dropDatabase,
  type PostgresServer,
  startPostgres,
} from "../../libs/sandbox/src/servers/index.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import "./setup-postgres.ts";

export interface TestDatabase extends AsyncDisposable {
  readonly name: string;
  /** Of the superuser. */
  readonly url: string;
}

export interface TestTemplate {
  /** One name per content: the first test of a run that names it makes it, all others copy it. */
  readonly name: string;
  /** Fills the database at `url`, and closes its connections before it returns. */
  prepare(url: string): Promise<void>;
}

function urlOf(name: string): string {
  const url = new URL(inject("postgresUrl"));
  url.pathname = `/${name}`;
  return url.href;
}

async function exists(admin: AdminConnection, name: string): Promise<boolean> {
  const identifier = databaseIdentifier(name).slice(1, -1);
  const rows = await admin.run(`SELECT FROM pg_database WHERE datname = '${identifier}'`);
  return rows.length > 0;
}

/** Made under a lock, since test files run in several processes; whole or not at all. */
async function ensureTemplate({ name, prepare }: TestTemplate): Promise<void> {
  await using admin = await connectAdmin(inject("postgresUrl"));
  await admin.run(`SELECT pg_advisory_lock(hashtext('template ${databaseIdentifier(name)}'))`);
  if (await exists(admin, name)) return;
  const unfinished = `${name}_unfinished`;
  await dropDatabase(admin, unfinished);
  await createDatabase(admin, { name: unfinished, template: "template1" });
  await prepare(urlOf(unfinished));
  const [from, to] = [databaseIdentifier(unfinished), databaseIdentifier(name)];
  await admin.run(`ALTER DATABASE ${from} RENAME TO ${to}`);
}

async function database(options: { template?: TestTemplate } = {}): Promise<TestDatabase> {
  const { template } = options;
  if (template !== undefined) await ensureTemplate(template);
  const name = `test_${randomBytes(8).toString("hex")}`;
  {
    await using admin = await connectAdmin(inject("postgresUrl"));
    await createDatabase(admin, { name, template: template?.name ?? "template1" });
  }
  return {
    name,
    url: urlOf(name),
    [Symbol.asyncDispose]: async () => {
      await using admin = await connectAdmin(inject("postgresUrl"));
      await dropDatabase(admin, name);
    },
  };
}

async function start(options: { durable?: boolean } = {}): Promise<PostgresServer> {
  const folder = await temporaryFolder("postgres");
  try {
    const server = await startPostgres({
      dataDir: folder.path,
      durable: options.durable ?? false,
    });
    const stop = server[Symbol.asyncDispose].bind(server);
    return Object.assign(server, {
      [Symbol.asyncDispose]: async () => {
        await stop();
        await folder[Symbol.asyncDispose]();
      },
    });
  } catch (error) {
    await folder[Symbol.asyncDispose]();
    throw error;
  }
}

export const TestPostgres = { database, start } as const;
