// What the bus's own integration tests stand on: a nats-server with the generated accounts and the topology, buses
// of its users, a connection of the admin to look from outside, and logs that can be waited for.
//   await using t = await setup();
import {
  inboxDurable,
  PARTITIONS,
  renderAccounts,
  usersOf,
  type ConsumerSpec,
  type Installation,
  consumersOf,
} from "@chasqui/contracts";
import { connect, nanos, type JetStreamManager, type NatsConnection } from "nats";
import { TestNats } from "../../../tests/support/index.ts";
import {
  connectBus,
  type BatchItem,
  type BatchSource,
  type Bus,
  type BusLog,
  type ConnectOptions,
} from "./index.ts";

export const installation: Installation = {
  sources: ["logistics", "billing"],
  runners: { "bench-runner": ["bench.noop", "bench.sleep"], "other-runner": ["other.thing"] },
};

export const inboxDurables = Array.from({ length: PARTITIONS }, (_, p) => inboxDurable(p));

export const passwordOf = (user: string): string => `secret-of-${user}`;
export const adminOptions = (url: string) => ({
  url,
  user: "admin" as const,
  password: passwordOf("admin"),
});

export const accountsText = (): string => {
  const users = usersOf(installation);
  return renderAccounts({
    account: "CHASQUI_TEST",
    users,
    passwords: Object.fromEntries(users.map(({ name }) => [name, passwordOf(name)])),
    adminPassword: passwordOf("admin"),
  });
};

export const specOf = (durable: string): ConsumerSpec => {
  const spec = consumersOf(installation)[durable];
  if (spec === undefined) throw new Error(`no such durable: ${durable}`);
  return spec;
};

/** Things that happened, and a wait for the next ones. */
export interface Happenings<T> {
  readonly all: readonly T[];
  add(thing: T): void;
  /** Resolves once `count` things that fit have happened since the beginning. */
  until(count: number, fits?: (thing: T) => boolean): Promise<T[]>;
}

export function happenings<T>(): Happenings<T> {
  const all: T[] = [];
  const waiters = new Set<() => void>();
  return {
    all,
    add(thing) {
      all.push(thing);
      for (const check of waiters) check();
    },
    until: (count, fits = () => true) =>
      new Promise((resolve) => {
        const check = (): void => {
          const found = all.filter(fits);
          if (found.length < count) return;
          waiters.delete(check);
          resolve(found);
        };
        waiters.add(check);
        check();
      }),
  };
}

export interface LogLine {
  readonly level: "info" | "warn" | "error";
  readonly facts: Readonly<Record<string, unknown>>;
  readonly message: string;
}

export interface Setup extends AsyncDisposable {
  readonly nats: TestNats;
  readonly log: Happenings<LogLine>;
  /** The admin's own connection, as somebody who looks from outside. */
  readonly outside: NatsConnection;
  readonly manager: JetStreamManager;
  bus(user: string, more?: Pick<ConnectOptions, "opsOwned">): Promise<Bus>;
  /** Shortens the ack-wait of a durable, as ops may. */
  ackWait(durable: string, ms: number): Promise<void>;
  /** Bodies and subjects of the acknowledgements that pass on the wire. */
  watchAcks(): Promise<Happenings<{ readonly subject: string; readonly word: string }>>;
}

export interface SetupOptions {
  readonly topology?: boolean;
  readonly storeBytesMax?: number;
}

export async function setup(options: SetupOptions = {}): Promise<Setup> {
  const { storeBytesMax } = options;
  const nats = await TestNats.start({
    accounts: accountsText(),
    ...(storeBytesMax === undefined ? {} : { storeBytesMax }),
    ...(options.topology === false
      ? {}
      : { topology: { installation, adminPassword: passwordOf("admin") } }),
  });
  const log = happenings<LogLine>();
  const level =
    (name: LogLine["level"]): BusLog["info"] =>
    (facts, message) =>
      log.add({ level: name, facts: Object.fromEntries(Object.entries(facts)), message });
  const busLog: BusLog = { info: level("info"), warn: level("warn"), error: level("error") };
  const buses: Bus[] = [];
  const admin = adminOptions(nats.url);
  const outside = await connect({
    servers: nats.url,
    user: admin.user,
    pass: admin.password,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 50,
  });
  const manager = await outside.jetstreamManager();
  return {
    nats,
    log,
    outside,
    manager,
    async bus(user, more = {}) {
      const bus = await connectBus({
        url: nats.url,
        user,
        password: passwordOf(user),
        service: user,
        installation,
        log: busLog,
        ...more,
      });
      buses.push(bus);
      return bus;
    },
    async ackWait(durable, ms) {
      await manager.consumers.update(specOf(durable).stream, durable, { ack_wait: nanos(ms) });
    },
    async watchAcks() {
      const acks = happenings<{ subject: string; word: string }>();
      outside.subscribe("$JS.ACK.>", {
        callback: (_, message) => acks.add({ subject: message.subject, word: message.string() }),
      });
      await outside.flush();
      return acks;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(buses.map((bus) => bus.drain()));
      await outside.close();
      await nats[Symbol.asyncDispose]();
    },
  };
}

/** A process that starts: what it says that it waits for, and how to stop it. */
export function starting() {
  const control = new AbortController();
  const waits = happenings<string>();
  const waitsFor = (what: string | undefined): void => waits.add(what ?? "nothing");
  return {
    stopping: control.signal,
    waitsFor,
    waits,
    stop: () => control.abort(new Error("stop")),
  };
}

export const text = (data: Uint8Array): string => Buffer.from(data).toString("utf8");
export const bytes = (body: string): Uint8Array => Buffer.from(body, "utf8");

/** Everything that comes until `count` items are there. */
export async function collect(source: BatchSource, count: number): Promise<BatchItem[]> {
  const items: BatchItem[] = [];
  while (items.length < count) items.push(...(await source.next()));
  return items;
}
