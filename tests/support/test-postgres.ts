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
import "./setup-cluster.ts";
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

/** One for all tests of this process, which are hundreds: each connection is a process of the server. */
let shared: Promise<AdminConnection> | undefined;
let last: Promise<unknown> = Promise.resolve();

/** What is asked of it at once is done one after the other. */
function asAdmin(act: (admin: AdminConnection) => Promise<void>): Promise<void> {
  shared ??= connectAdmin(inject("postgresUrl"));
  const connected = shared;
  const done = last.then(async () => act(await connected));
  last = done.catch(() => undefined);
  return done;
}

const templatesThere = new Set<string>();

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
  if (template !== undefined && !templatesThere.has(template.name)) {
    await ensureTemplate(template);
    templatesThere.add(template.name);
  }
  const name = `test_${randomBytes(8).toString("hex")}`;
  const from = template?.name ?? "template1";
  await asAdmin((admin) => createDatabase(admin, { name, template: from }));
  return {
    name,
    url: urlOf(name),
    [Symbol.asyncDispose]: () => asAdmin((admin) => dropDatabase(admin, name)),
  };
}

async function start(options: { durable?: boolean } = {}): Promise<PostgresServer> {
  const folder = await temporaryFolder("postgres");
  try {
    const server = await startPostgres({
      dataDir: folder.path,
      copyOf: inject("newCluster"),
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
