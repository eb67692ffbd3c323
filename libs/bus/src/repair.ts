// What vanished under a running bus is created again: a durable by the service that reads it, a stream by the one
// user that may (the state machine). Everybody else keeps asking until it is back.
import { bucketStream, consumersOf, streams, usersOf, jetStreamSubjects } from "@chasqui/contracts";
import type { Installation, StreamName } from "@chasqui/contracts";
import { BusError, reasonOf } from "./errors.ts";
import { createStream, isStreamMissing, putConsumer, streamInfo } from "./jetstream-api.ts";
import type { Link } from "./link.ts";
import {
  bucketConfig,
  consumerConfig,
  streamConfig,
  type OpsOwned,
  type StreamConfig,
} from "./topology-config.ts";

const REPAIR_INTERVAL_MS = 200;

export interface Repair {
  /** Creates a durable of the topology again, and its stream when this user may. */
  recreateConsumer(durable: string): Promise<void>;
  /** Looks after all streams soon; for those who may. Harmless if repeated. */
  lookAfterStreams(): void;
  /** Remembers what ops chose, for the day the stream must be created again. */
  remember(stream: StreamName, config: Readonly<Record<string, unknown>>): void;
}

export function createRepair(link: Link, installation: Installation): Repair {
  const { log, user } = link;
  const consumers = consumersOf(installation);
  const allowed = new Set(usersOf(installation).find(({ name }) => name === user)?.publish);
  const remembered = new Map<StreamName, OpsOwned>();
  const streamNames = Object.keys(streams) as StreamName[];
  let timer: NodeJS.Timeout | undefined;

  const mayCreate = (stream: string): boolean =>
    allowed.has(jetStreamSubjects.streamCreate(stream));

  async function recreateStream(config: StreamConfig): Promise<void> {
    await createStream(link, config);
    log.warn({ stream: config.name }, "bus: stream was gone, created it again");
  }

  async function ensure(config: StreamConfig): Promise<void> {
    try {
      await streamInfo(link, config.name);
    } catch (thrown) {
      if (!isStreamMissing(thrown)) throw thrown;
      await recreateStream(config);
    }
  }

  async function ensureAll(): Promise<void> {
    const configs = [
      ...streamNames.map((name) => streamConfig(name, remembered.get(name))),
      bucketConfig("CHASQUI_KINDS"),
    ];
    for (const config of configs) if (mayCreate(config.name)) await ensure(config);
  }

  function lookAfterStreams(): void {
    if (timer !== undefined || !mayCreate(bucketStream("CHASQUI_KINDS"))) return;
    timer = setTimeout(() => {
      ensureAll()
        .catch((thrown: unknown) => {
          log.warn({ err: reasonOf(thrown) }, "bus: streams not looked after");
          return link.state === "connected";
        })
        .then(
          (isToBeRepeated) => {
            timer = undefined;
            if (isToBeRepeated === true) lookAfterStreams();
          },
          () => undefined,
        );
    }, REPAIR_INTERVAL_MS);
    timer.unref();
  }

  return {
    async recreateConsumer(durable) {
      const spec = consumers[durable];
      if (spec === undefined) throw new BusError(`consumer ${durable}: not in the topology`);
      const config = consumerConfig(durable, spec);
      try {
        await putConsumer(link, spec.stream, config);
      } catch (thrown) {
        if (!isStreamMissing(thrown) || !mayCreate(spec.stream)) throw thrown;
        await recreateStream(streamConfig(spec.stream, remembered.get(spec.stream)));
        await putConsumer(link, spec.stream, config);
      }
    },
    lookAfterStreams,
    remember(stream, config) {
      const { num_replicas, max_bytes, placement } = config as OpsOwned;
      remembered.set(stream, {
        ...(num_replicas === undefined ? {} : { num_replicas }),
        ...(max_bytes === undefined ? {} : { max_bytes }),
        ...(placement === undefined ? {} : { placement }),
      });
    },
  };
}
