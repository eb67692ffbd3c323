// The bus of one service: one connection, and on it all that the contract offers.
import { consumersOf, streams } from "@chasqui/contracts";
import type { ConsumerSpec, StreamName } from "@chasqui/contracts";
import { openBatches } from "./batches.ts";
import { consume } from "./consume.ts";
import { createUndertaker, type Undertaker } from "./dead.ts";
import type { JetDelivery } from "./delivery.ts";
import { BusError } from "./errors.ts";
import { streamInfo } from "./jetstream-api.ts";
import { createKinds } from "./kinds.ts";
import { openLink } from "./link.ts";
import { createPublisher } from "./publisher.ts";
import { readStream } from "./read-stream.ts";
import { createRepair } from "./repair.ts";
import { checkTopology } from "./topology-check.ts";
import type { Bus, BusLog, ConnectOptions, StreamPosition } from "./types.ts";

const PUBLISHES_MS_MAX = 5_000;
const silent: BusLog = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Waits for the broker if need be; rejects when it refuses the login. */
export async function connectBus(options: ConnectOptions): Promise<Bus> {
  const { installation, log = silent } = options;
  const deliverTwice = process.env.DELIVER === "twice"; // a switch of the test harness, for every handler alike
  const link = await openLink({ ...options, log });
  const repair = createRepair(link, installation);
  const publisher = createPublisher(link, () => repair.lookAfterStreams());
  const kinds = createKinds(link, publisher);
  const consumers = consumersOf(installation);
  link.onReconnect(() => repair.lookAfterStreams());

  function specOf(durable: string): ConsumerSpec {
    const spec = consumers[durable];
    if (spec === undefined)
      throw new BusError(
        `consumer ${JSON.stringify(durable)}: not in the topology: want one of ${Object.keys(consumers).join(", ")}`,
      );
    return spec;
  }
  const undertakerOf = (
    durable: string,
    onDead?: (delivery: JetDelivery, reason: string) => Promise<void>,
  ): Undertaker =>
    createUndertaker({
      durable,
      publish: publisher.publish,
      bytesMax: () => link.nc.info?.max_payload ?? 1024 * 1024,
      log,
      onDead,
    });

  return {
    publish: publisher.publish,
    publishOne: publisher.publishOne,
    publishPlain: (subject, data) => link.nc.publish(subject, data),
    subscribePlain: (subject, handle) =>
      link.subscribe(subject, (message) => handle(message.data, message.subject, message.reply)),
    inbox: () => link.inbox(),
    consume: async (durable, consumeOptions) => {
      const { stream, deliveriesMax } = specOf(durable);
      return consume(
        {
          link,
          stream,
          durable,
          deliveriesMax,
          deliverTwice,
          undertaker: undertakerOf(durable, consumeOptions.onDead?.bind(consumeOptions)),
          recreate: () => repair.recreateConsumer(durable),
        },
        consumeOptions,
      );
    },
    consumeBatches: async (durables, { batchMax }) =>
      openBatches({
        link,
        batchMax,
        deliverTwice,
        durables: durables.map((durable) => ({
          durable,
          stream: specOf(durable).stream,
          undertaker: undertakerOf(durable),
          recreate: () => repair.recreateConsumer(durable),
        })),
      }),
    readStream: (stream, filter, readOptions) =>
      readStream(link, { stream, filter, ...readOptions }),
    announceKind: kinds.announce,
    listKinds: kinds.list,
    checkTopology: (needs) => checkTopology({ link, consumers, repair }, needs),
    async streamPositions() {
      const names = Object.keys(streams) as StreamName[];
      const entries = names.map(async (name): Promise<[StreamName, StreamPosition]> => {
        const { created, lastSequence } = await streamInfo(link, name);
        return [name, { created, lastSequence }];
      });
      return Object.fromEntries(await Promise.all(entries)) as Record<StreamName, StreamPosition>;
    },
    get state() {
      return link.state;
    },
    onReconnect: (listener) => void link.onReconnect(listener),
    async drain() {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, PUBLISHES_MS_MAX)));
      await Promise.race([publisher.idle(), late]);
      clearTimeout(timer);
      await link.drain();
    },
  };
}
