// The bus of one service: one connection, and on it all that the contract offers.
import {
  bucketStream,
  consumersOf,
  type ConsumerSpec,
  type KindAnnouncement,
  subjects,
  type StreamName,
} from "@chasqui/contracts";
import { answer, ask } from "./asking.ts";
import { openBatches } from "./batches.ts";
import { consume } from "./consume.ts";
import { createUndertaker, type Undertaker } from "./dead.ts";
import type { Buriable } from "./delivery.ts";
import { BusError, reasonOf } from "./errors.ts";
import { findMessage } from "./find-message.ts";
import { createKinds, type Kinds } from "./kinds.ts";
import { lastMessage } from "./last-message.ts";
import { openLink, type Link } from "./link.ts";
import { Publisher } from "./publisher.ts";
import { readStream } from "./read-stream.ts";
import { createRepair, type Repair } from "./repair.ts";
import { ensureTopology } from "./topology-ensure.ts";
import type {
  AskOptions,
  BatchSource,
  Bus,
  BusLog,
  ConnectOptions,
  ConsumeOptions,
  Consuming,
  Delivery,
  Needs,
  OpsOwned,
  OutMessage,
  PublishOutcome,
  ReadOptions,
  Starting,
  StoredMessage,
  StreamPlace,
  StreamPosition,
  Subscribed,
} from "./types.ts";
import { messagesOf } from "./unbundle.ts";

const PAYLOAD_BYTES_ASSUMED = 1024 * 1024;
const PUBLISHES_MS_MAX = 5_000;
const silent: BusLog = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Waits for the broker if need be; rejects when it refuses the login. */
export async function connectBus(options: ConnectOptions): Promise<Bus> {
  const link = await openLink({ ...options, log: options.log ?? silent });
  return new JetBus(link, options);
}

class JetBus implements Bus {
  readonly #link: Link;
  readonly #consumers: Readonly<Record<string, ConsumerSpec>>;
  readonly #repair: Repair;
  readonly #publisher: Publisher;
  readonly #kinds: Kinds;
  /** A switch of the test harness, for all handlers alike: they must bear a second delivery. */
  readonly #deliverTwice = process.env.DELIVER === "twice";

  constructor(link: Link, { installation, opsOwned }: ConnectOptions) {
    this.#link = link;
    this.#consumers = consumersOf(installation);
    this.#repair = createRepair(link, installation, opsOwned);
    this.#publisher = new Publisher(link, () => this.#repair.lookAfterStreams());
    this.#kinds = createKinds(link, this.#publisher);
    link.onReconnect(() => this.#repair.lookAfterStreams());
  }

  get state(): Bus["state"] {
    return this.#link.state;
  }
  onReconnect(listener: () => void): void {
    this.#link.onReconnect(listener);
  }
  inbox(): string {
    return this.#link.inbox();
  }

  publish(messages: readonly OutMessage[]): Promise<PublishOutcome[]> {
    return this.#publisher.publish(messages);
  }
  publishOne(message: OutMessage): Promise<void> {
    return this.#publisher.publishOne(message);
  }
  publishPlain(subject: string, data: Uint8Array): void {
    this.#link.nc.publish(subject, data);
  }
  subscribePlain(
    subject: string,
    handle: (data: Uint8Array, subject: string, reply?: string) => void,
  ): Subscribed {
    const { nc } = this.#link;
    const listening = this.#link.subscribe(subject, ({ data, subject: at, reply }) => {
      const messages = subjects.isBundle(at) ? messagesOf({ data, subject: at }) : undefined;
      if (messages === undefined) handle(data, at, reply);
      else for (const message of messages) handle(message.data, message.subject);
    });
    return { established: () => nc.flush(), unsubscribe: () => listening.unsubscribe() };
  }

  ask(subject: string, data: Uint8Array, options: AskOptions): Promise<Uint8Array> {
    return ask(this.#link, subject, data, options);
  }
  answer(subject: string, handle: (data: Uint8Array) => Promise<Uint8Array>): Subscribed {
    return answer(this.#link, subject, handle);
  }

  async consume(durable: string, options: ConsumeOptions): Promise<Consuming> {
    const spec = this.#specOf(durable);
    atLeastOne("concurrency", options.concurrency);
    const onDead = options.onDead?.bind(options);
    return consume(
      {
        link: this.#link,
        durable,
        stream: spec.stream,
        deliveriesMax: spec.deliveriesMax,
        deliverTwice: this.#deliverTwice,
        undertaker: this.#undertakerOf(durable, onDead),
        recreate: () => this.#repair.recreateConsumer(durable),
      },
      options,
    );
  }

  async consumeBatches(
    durables: readonly string[],
    { batchMax }: { readonly batchMax: number },
  ): Promise<BatchSource> {
    atLeastOne("batchMax", batchMax);
    return openBatches({
      link: this.#link,
      batchMax,
      deliverTwice: this.#deliverTwice,
      durables: durables.map((durable) => ({
        durable,
        stream: this.#specOf(durable).stream,
        undertaker: this.#undertakerOf(durable),
        recreate: () => this.#repair.recreateConsumer(durable),
      })),
    });
  }

  readStream(stream: StreamName, filter: string, options: ReadOptions): AsyncIterable<Delivery> {
    return readStream(this.#link, { stream, filter, ...options });
  }

  findMessage(
    stream: StreamName,
    filter: string,
    from: StreamPlace,
  ): Promise<StoredMessage | undefined> {
    return findMessage(this.#link, stream, filter, from);
  }
  async hasMessage(stream: StreamName, subject: string): Promise<boolean> {
    return (await lastMessage(this.#link, stream, subject)) !== undefined;
  }
  async streamPosition(stream: StreamName): Promise<StreamPosition> {
    const { created, lastSequence } = await this.#repair.look(stream);
    return { created, lastSequence };
  }

  announceKind(announcement: KindAnnouncement): Promise<void> {
    return this.#kinds.announce(announcement);
  }
  listKinds(): Promise<KindAnnouncement[]> {
    return this.#kinds.list();
  }

  ensureTopology(needs: Needs, starting: Starting): Promise<void> {
    const context = { link: this.#link, consumers: this.#consumers, repair: this.#repair };
    return ensureTopology(context, needs, starting);
  }

  opsOwned(): Readonly<Record<string, OpsOwned>> {
    return Object.fromEntries(this.#repair.opsOwned);
  }

  async streamPositions(): Promise<Record<StreamName, StreamPosition>> {
    const position = (name: StreamName): Promise<StreamPosition> => this.streamPosition(name);
    // Whoever looks at all streams notices too that the bucket is gone, which has no position.
    const { log } = this.#link;
    await this.#repair
      .look(bucketStream("CHASQUI_KINDS"))
      .catch((thrown: unknown) => log.warn({ err: reasonOf(thrown) }, "bus: no bucket for kinds"));
    const [triggers, inbox, tasks, events, logs, dead] = await Promise.all([
      position("CHASQUI_TRIGGERS"),
      position("CHASQUI_INBOX"),
      position("CHASQUI_TASKS"),
      position("CHASQUI_EVENTS"),
      position("CHASQUI_LOGS"),
      position("CHASQUI_DEAD"),
    ]);
    return {
      CHASQUI_TRIGGERS: triggers,
      CHASQUI_INBOX: inbox,
      CHASQUI_TASKS: tasks,
      CHASQUI_EVENTS: events,
      CHASQUI_LOGS: logs,
      CHASQUI_DEAD: dead,
    };
  }

  async drain(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, PUBLISHES_MS_MAX)));
    await Promise.race([this.#publisher.idle(), late]);
    clearTimeout(timer);
    await this.#link.drain();
  }

  #specOf(durable: string): ConsumerSpec {
    const spec = this.#consumers[durable];
    if (spec === undefined)
      throw new BusError(
        `consumer ${JSON.stringify(durable)}: not in the topology: ` +
          `want one of ${Object.keys(this.#consumers).join(", ")}`,
      );
    return spec;
  }

  #undertakerOf(
    durable: string,
    onDead?: (delivery: Buriable, reason: string) => Promise<void>,
  ): Undertaker {
    const { nc, log } = this.#link;
    return createUndertaker({
      durable,
      publish: (messages) => this.#publisher.publish(messages),
      bytesMax: () => nc.info?.max_payload ?? PAYLOAD_BYTES_ASSUMED,
      log,
      onDead,
    });
  }
}

function atLeastOne(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1)
    throw new BusError(`${name} ${value}: want an integer of 1 or more`);
}
