// A whole installation on one machine: NATS with its accounts, PostgreSQL with its roles, the sandbox, every service
// as a process of its own, each with just its user and role, as in production. For `npm start` and the tests.
import { mkdirSync } from "node:fs";
import path from "node:path";
import { applyTopology } from "@chasqui/bus";
import { applyDatabaseRoles, readEnvironmentFile, servicesWithStore } from "@chasqui/chassis";
import { ADMIN_USER, renderAccounts, usersOf } from "@chasqui/contracts";
import type { Installation } from "@chasqui/contracts";
import type { SandboxUrls } from "./sandbox-urls.ts";
import type { NatsServer, PostgresServer } from "../servers/index.ts";
import { findNatsServer, startNats, startPostgres } from "../servers/index.ts";
import { openCredentials } from "./credentials.ts";
import type { Credentials } from "./credentials.ts";
import type { ServiceName, WorldAddresses } from "./environment.ts";
import { DATABASE, WAREHOUSE, environmentOf, serviceNames } from "./environment.ts";
import type { WorldPorts } from "./ports.ts";
import { freePort } from "../servers/free-port.ts";
import { checkPorts } from "./ports.ts";
import type { SandboxProcess } from "./sandbox-process.ts";
import { startSandboxProcess } from "./sandbox-process.ts";
import type { ServiceProcess } from "./service-process.ts";
import { serviceProcess } from "./service-process.ts";

export interface WorldOptions {
  /** The clone: pods run there. */
  readonly root: string;
  /** Absolute; made when missing, found again when not. */
  readonly dataDir: string;
  readonly environmentFile: string;
  /** Bundles by name, from scripts/bundle.ts. */
  readonly bundles: ReadonlyMap<string, string>;
  /** PostgreSQL's fsync. */
  readonly durable: boolean;
  /** For tests: see startPostgres. */
  readonly postgresCopyOf?: string;
  readonly ports?: Partial<WorldPorts>;
  /** More environment variables, for one service or for all ("*"). */
  readonly env?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly services?: readonly ServiceName[];
  /** What ops would do between `chasqui admin topology` and the first service. */
  readonly prepared?: (about: Prepared) => Promise<void>;
  /** Ends a start that is under way; what stands by then is stopped again. */
  readonly signal?: AbortSignal;
  /** Told what is being waited for. */
  readonly onStep?: (step: string) => void;
  readonly onDeath?: (name: string, how: string) => void;
}

/** Servers, streams, users and roles stand; no service runs yet. */
export interface Prepared {
  readonly nats: NatsServer;
  readonly credentials: Credentials;
  readonly installation: Installation;
}

export interface World extends AsyncDisposable {
  readonly nats: NatsServer;
  readonly postgres: PostgresServer;
  readonly sandbox: SandboxUrls;
  readonly addresses: WorldAddresses;
  readonly credentials: Credentials;
  readonly installation: Installation;
  readonly services: ReadonlyMap<ServiceName, ServiceProcess>;
  /** Of the console: what people and programs know. */
  readonly serverUrl: string;
  service(name: ServiceName): ServiceProcess;
  /** One more process of a service, with a gRPC port of its own. Started by the caller, stopped with the world. */
  replica(name: ServiceName): Promise<ServiceProcess>;
  /** Services first, in reverse order, then the servers. Harmless if repeated. */
  stop(): Promise<void>;
}

const STOP_MS = 10_000;

export async function startWorld(options: WorldOptions): Promise<World> {
  const stack = new AsyncDisposableStack();
  try {
    return await build(options, stack);
  } catch (thrown) {
    await stack.disposeAsync();
    throw thrown;
  }
}

async function build(options: WorldOptions, stack: AsyncDisposableStack): Promise<World> {
  const { dataDir, onStep = () => undefined } = options;
  await checkPorts(options.ports ?? {});
  mkdirSync(dataDir, { recursive: true });
  const credentials = openCredentials(dataDir);
  const installation = await readEnvironmentFile(options.environmentFile);
  onStep("starting NATS, PostgreSQL and the sandbox");
  const [nats, postgres, sandbox] = await startServers(options, credentials, installation, stack);
  options.signal?.throwIfAborted();
  onStep("making streams, users, roles and schemas");
  await prepare(nats, postgres, credentials, installation);
  await options.prepared?.({ nats, credentials, installation });
  const addresses = await addressesOf(options, nats, postgres, sandbox.urls);
  options.signal?.throwIfAborted();
  onStep("starting the services");
  const processOf = processes(options, addresses, credentials);
  const services = new Map<ServiceName, ServiceProcess>();
  for (const name of options.services ?? serviceNames.filter((name) => options.bundles.has(name)))
    services.set(name, processOf(name, {}));
  const replicas: ServiceProcess[] = [];
  stack.defer(() => stopAll([...services.values(), ...replicas]));
  await startAll(services);
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopped ??= stack.disposeAsync());
  return {
    nats,
    postgres,
    sandbox: sandbox.urls,
    addresses,
    credentials,
    installation,
    services,
    serverUrl: `http://127.0.0.1:${addresses.consoleHttpPort}`,
    service(name) {
      const found = services.get(name);
      if (found === undefined) throw new Error(`service ${name} is not part of this world`);
      return found;
    },
    async replica(name) {
      const port = { CHASQUI_GRPC_PORT: String(await freePort()) };
      const replica = processOf(name, port, `${name}-${replicas.length + 2}`);
      replicas.push(replica);
      return replica;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Makes processes of services; `called` is the name of its log and in what is said of it. */
function processes(options: WorldOptions, addresses: WorldAddresses, credentials: Credentials) {
  const { bundles, dataDir, onDeath, root } = options;
  return (name: ServiceName, extra: Record<string, string>, called: string = name) => {
    const file = bundles.get(name);
    if (file === undefined) throw new Error(`no bundle of ${name}: want it from scripts/bundle.ts`);
    const asked = { ...options.env?.["*"], ...options.env?.[name], ...extra };
    return serviceProcess({
      name: called,
      file,
      env: environmentOf(name, addresses, credentials, asked),
      logDir: path.join(dataDir, "logs"),
      cwd: root,
      ...(onDeath === undefined ? {} : { onDeath }),
    });
  };
}

async function startServers(
  options: WorldOptions,
  credentials: Credentials,
  installation: Installation,
  stack: AsyncDisposableStack,
): Promise<[NatsServer, PostgresServer, SandboxProcess]> {
  const { dataDir, ports = {}, durable } = options;
  const users = usersOf(installation);
  const passwords = Object.fromEntries(users.map(({ name }) => [name, credentials.of(name)]));
  const accounts = renderAccounts({
    account: "local",
    users,
    passwords,
    adminPassword: credentials.of(ADMIN_USER),
  });
  const program = await findNatsServer({ home: path.join(options.root, ".chasqui") });
  const starting = [
    startNats({
      program,
      dir: path.join(dataDir, "nats"),
      accounts,
      ...portOf(ports.nats, "CHASQUI_NATS_PORT"),
    }),
    startPostgres({
      dataDir: path.join(dataDir, "postgres"),
      durable,
      copyOf: options.postgresCopyOf,
      ...portOf(ports.postgres, "CHASQUI_POSTGRES_PORT"),
    }),
    startSandboxProcess(options),
  ] as const;
  const results = await Promise.allSettled(starting);
  for (const result of results) if (result.status === "fulfilled") stack.use(result.value);
  return Promise.all(starting);
}

const portOf = (
  port: number | undefined,
  setting: string,
): { port?: number; portSetting?: string } =>
  port === undefined || port === 0 ? {} : { port, portSetting: setting };

async function prepare(
  nats: NatsServer,
  postgres: PostgresServer,
  credentials: Credentials,
  installation: Installation,
): Promise<void> {
  for (const database of [DATABASE, WAREHOUSE])
    await postgres.createDatabase(database).catch((thrown: unknown) => {
      if (!/already exists/.test(String(thrown))) throw thrown;
    });
  const roles = servicesWithStore.map((role) => ({
    role,
    password: credentials.of(`postgres ${role}`),
  }));
  await Promise.all([
    applyDatabaseRoles(postgres.url(DATABASE), roles),
    applyTopology({
      url: nats.url,
      user: ADMIN_USER,
      password: credentials.of(ADMIN_USER),
      installation,
    }),
  ]);
}

async function addressesOf(
  options: WorldOptions,
  nats: NatsServer,
  postgres: PostgresServer,
  sandbox: SandboxUrls,
): Promise<WorldAddresses> {
  const grpcPorts = {} as Record<ServiceName, number>;
  for (const name of serviceNames) grpcPorts[name] = await freePort();
  if (options.ports?.grpc) grpcPorts.console = options.ports.grpc;
  return {
    natsUrl: nats.url,
    postgresUrl: (database) => postgres.url(database),
    sandbox,
    grpcPorts,
    consoleHttpPort: options.ports?.console || (await freePort()),
    environmentFile: options.environmentFile,
    policies: path.join(options.root, "policies"),
  };
}

/** The state machine first, since the others ask it; then all at once. */
async function startAll(services: ReadonlyMap<ServiceName, ServiceProcess>): Promise<void> {
  await services.get("state-machine")?.start();
  const others = [...services.values()].filter(({ name }) => name !== "state-machine");
  await Promise.all(others.map((service) => service.start()));
}

async function stopAll(services: readonly ServiceProcess[]): Promise<void> {
  const [first, ...others] = services;
  await Promise.all(others.map((service) => service.stop(STOP_MS)));
  await first?.stop(STOP_MS);
}
