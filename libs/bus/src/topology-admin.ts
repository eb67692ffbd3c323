// `chasqui admin topology`: makes the streams, consumers and buckets of an account what the topology says.
// Invariants:
//   A1. Doing it twice changes nothing the second time.
//   A2. What ops own (replicas, bytes, placement) is set once and never touched again.
//   A3. Nothing is deleted: what the topology no longer knows is named, for people to judge.
import { buckets, consumersOf, streams } from "@chasqui/contracts";
import type { ConsumerSpec, Installation, StreamName } from "@chasqui/contracts";
import { openAdmin, type AdminOptions } from "./admin-link.ts";
import { createWhatFits, thingOf } from "./create-stream.ts";
import { BusError, reasonOf } from "./errors.ts";
import {
  consumerInfo,
  consumerNames,
  isConsumerMissing,
  isStreamMissing,
  putConsumer,
  streamInfo,
  updateStream,
} from "./jetstream-api.ts";
import type { Link } from "./link.ts";
import {
  bucketConfig,
  bucketManaged,
  consumerConfig,
  consumerManaged,
  differences,
  inWords,
  streamConfig,
  streamManaged,
  type StreamConfig,
} from "./topology-config.ts";

export interface TopologyChange {
  readonly action: "created" | "updated" | "left alone";
  /** For people: "stream CHASQUI_INBOX". */
  readonly thing: string;
  /** What differed, or why it was left alone. */
  readonly detail: string;
}

export async function applyTopology(
  options: AdminOptions & { readonly installation: Installation },
): Promise<TopologyChange[]> {
  const link = await openAdmin(options);
  try {
    const changes: TopologyChange[] = [];
    for (const name of Object.keys(streams) as StreamName[])
      changes.push(...(await applyStream(link, streamConfig(name), streamManaged)));
    for (const name of Object.keys(buckets) as (keyof typeof buckets)[])
      changes.push(...(await applyStream(link, bucketConfig(name), bucketManaged)));
    const consumers = consumersOf(options.installation);
    for (const [durable, spec] of Object.entries(consumers))
      changes.push(...(await applyConsumer(link, durable, spec)));
    changes.push(...(await strangers(link, consumers)));
    return changes;
  } finally {
    await link.drain();
  }
}

async function applyStream(
  link: Link,
  config: StreamConfig,
  managed: readonly string[],
): Promise<TopologyChange[]> {
  const thing = thingOf(config.name);
  const is = await streamInfo(link, config.name).catch((thrown: unknown) => {
    if (isStreamMissing(thrown)) return undefined;
    throw thrown;
  });
  if (is === undefined) {
    const created = await createWhatFits(link, config);
    if (created === undefined) return applyStream(link, config, managed);
    return [{ action: "created", thing, detail: created.detail }];
  }
  const found = differences(is.config, config, managed);
  if (found.length === 0) return [];
  const wanted = Object.fromEntries(managed.map((field) => [field, config[field]]));
  const detail = found.map(inWords).join("; ");
  try {
    await updateStream(link, { ...is.config, ...wanted, name: config.name });
  } catch (thrown) {
    throw new BusError(
      `${thing}: the server does not allow the change (${detail}): ${reasonOf(thrown)}: ` +
        "want the stream emptied by its readers and deleted by hand, then this again",
      { cause: thrown },
    );
  }
  return [{ action: "updated", thing, detail }];
}

async function applyConsumer(
  link: Link,
  durable: string,
  spec: ConsumerSpec,
): Promise<TopologyChange[]> {
  const thing = `consumer ${durable} of ${spec.stream}`;
  const config = consumerConfig(durable, spec);
  const is = await consumerInfo(link, spec.stream, durable).catch((thrown: unknown) => {
    if (isConsumerMissing(thrown)) return undefined;
    throw thrown;
  });
  if (is === undefined) {
    await putConsumer(link, spec.stream, config);
    return [{ action: "created", thing, detail: "" }];
  }
  const found = differences(is.config, config, consumerManaged);
  if (found.length === 0) return [];
  const detail = found.map(inWords).join("; ");
  try {
    await putConsumer(link, spec.stream, { ...is.config, ...config });
  } catch (thrown) {
    throw new BusError(
      `${thing}: the server does not allow the change (${detail}): ${reasonOf(thrown)}: ` +
        "want it deleted by hand once it has nothing to do, then this again",
      { cause: thrown },
    );
  }
  return [{ action: "updated", thing, detail }];
}

/** Durables of our streams that the topology does not know, for example of a runner that was removed. */
async function strangers(
  link: Link,
  consumers: Readonly<Record<string, ConsumerSpec>>,
): Promise<TopologyChange[]> {
  const changes: TopologyChange[] = [];
  for (const stream of Object.keys(streams))
    for (const name of await consumerNames(link, stream)) {
      if (consumers[name]?.stream === stream) continue;
      const is = await consumerInfo(link, stream, name).catch(() => undefined);
      if (is?.config.durable_name === undefined) continue; // a reader's own, it ends with the reader
      changes.push({
        action: "left alone",
        thing: `consumer ${name} of ${stream}`,
        detail: `not in the topology; it holds ${is.pending} messages`,
      });
    }
  return changes;
}
