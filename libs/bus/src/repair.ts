// What vanished is made again: a durable by the service that reads it, a stream by the one user that may (the state
// machine) as soon as it misses one. Everybody else keeps asking until it is back.
// Invariant: a stream is made with what ops had chosen for it (replicas, bytes, placement), as far as that is known.
import { bucketStream, consumersOf, jetStreamSubjects, streams, usersOf } from "@chasqui/contracts";
import type { Installation, StreamName } from "@chasqui/contracts";
import { createWhatFits, thingOf } from "./create-stream.ts";
import { BusError, reasonOf } from "./errors.ts";
import { isStreamMissing, putConsumer, streamInfo, type StreamState } from "./jetstream-api.ts";
import type { Link } from "./link.ts";
import {
  bucketConfig,
  consumerConfig,
  opsOwnedOf,
  streamConfig,
  type StreamConfig,
} from "./topology-config.ts";
import type { OpsOwned } from "./types.ts";

const SOON_MS = 200;
const SOON_MS_MAX = 5_000;

export interface Repair {
  /** The user who makes this stream when it is missing. */
  makerOf(stream: string): string | undefined;
  mayCreate(stream: string): boolean;
  /** Makes all that this user may make and that is missing. Answers which could not be made, and why. */
  makeStreams(): Promise<ReadonlyMap<string, string>>;
  /** Creates a durable of the topology again, and its stream when this user may. */
  recreateConsumer(durable: string): Promise<void>;
  /** Makes soon what is missing, until nothing is; for those who may. Harmless if repeated. */
  lookAfterStreams(): void;
  /** Asks for a stream or bucket: remembers what ops chose for it, and looks after it when it is missing. */
  look(stream: string): Promise<StreamState>;
  /** What is remembered, by stream. */
  readonly opsOwned: ReadonlyMap<string, OpsOwned>;
}

/** `known`: what ops had chosen, as far as an earlier process saw it. */
export function createRepair(
  link: Link,
  installation: Installation,
  known: Readonly<Record<string, OpsOwned>> = {},
): Repair {
  const { log, user } = link;
  const consumers = consumersOf(installation);
  const users = usersOf(installation);
  const opsOwned = new Map(Object.entries(known));
  const kinds = bucketStream("CHASQUI_KINDS");
  const names = [...(Object.keys(streams) as StreamName[]), kinds];
  const makers = new Map(
    names.map((name) => [name, users.find((one) => isMaker(one, name))?.name] as const),
  );
  const mayCreate = (stream: string): boolean => makers.get(stream) === user;
  async function see(name: string): Promise<StreamState> {
    const state = await streamInfo(link, name);
    opsOwned.set(name, opsOwnedOf(state.config));
    return state;
  }

  const configOf = (name: string): StreamConfig =>
    name === kinds
      ? bucketConfig("CHASQUI_KINDS", opsOwned.get(name))
      : streamConfig(name as StreamName, opsOwned.get(name));

  const making = new Map<string, Promise<void>>();
  /** Once, though all readers of a stream miss it in the same moment. */
  function make(name: string): Promise<void> {
    const now = making.get(name) ?? create(name).finally(() => making.delete(name));
    making.set(name, now);
    return now;
  }

  async function create(name: string): Promise<void> {
    const isKnown = opsOwned.has(name);
    const created = await createWhatFits(link, configOf(name));
    if (created === undefined) return; // another replica or a person was faster
    const { config, detail } = created;
    const { num_replicas: replicas, max_bytes: bytes } = config;
    const like = isKnown ? "as it was seen before" : "with the defaults, since it was never seen";
    const facts = { stream: name, replicas, bytes, like, detail };
    log.warn(facts, `bus: ${thingOf(name)} was not there, made it`);
  }

  const isMissing = async (name: string): Promise<boolean> => {
    try {
      await see(name);
      return false;
    } catch (thrown) {
      if (isStreamMissing(thrown)) return true;
      throw thrown;
    }
  };

  async function makeStreams(): Promise<ReadonlyMap<string, string>> {
    const failures = new Map<string, string>();
    const looks = names.filter(mayCreate).map(async (name) => ({
      name,
      isGone: await isMissing(name).catch((thrown: unknown) => {
        failures.set(name, reasonOf(thrown));
        return false;
      }),
    }));
    // One after the other: those that find too little room begin smaller.
    for (const { name, isGone } of await Promise.all(looks))
      if (isGone)
        await make(name).catch((thrown: unknown) => void failures.set(name, reasonOf(thrown)));
    return failures;
  }

  const lookSoon = lookAfter(link, makeStreams);
  const lookAfterStreams = (): void => void (mayCreate(kinds) && lookSoon());

  return {
    makerOf: (stream) => makers.get(stream),
    mayCreate,
    makeStreams,
    async recreateConsumer(durable) {
      const spec = consumers[durable];
      if (spec === undefined) throw new BusError(`consumer ${durable}: not in the topology`);
      const config = consumerConfig(durable, spec);
      try {
        await putConsumer(link, spec.stream, config);
      } catch (thrown) {
        if (!isStreamMissing(thrown) || !mayCreate(spec.stream)) throw thrown;
        await make(spec.stream);
        await putConsumer(link, spec.stream, config);
      }
    },
    lookAfterStreams,
    async look(stream) {
      try {
        return await see(stream);
      } catch (thrown) {
        if (isStreamMissing(thrown)) lookAfterStreams();
        throw thrown;
      }
    },
    opsOwned,
  };
}

const isMaker = ({ publish }: { readonly publish: readonly string[] }, stream: string): boolean =>
  publish.includes(jetStreamSubjects.streamCreate(stream));

/** Answers how to ask for a look soon; one that fails is followed by another. */
function lookAfter(
  link: Link,
  makeStreams: () => Promise<ReadonlyMap<string, string>>,
): () => void {
  let timer: NodeJS.Timeout | undefined;
  let dueMs = 0;
  let failures = 0;

  function lookIn(delayMs: number): void {
    const atMs = performance.now() + delayMs;
    if (timer !== undefined && dueMs <= atMs) return;
    clearTimeout(timer);
    dueMs = atMs;
    timer = setTimeout(() => void look(), delayMs).unref();
  }

  async function look(): Promise<void> {
    timer = undefined;
    if (link.state !== "connected") return; // the reconnect asks again
    const why = await makeStreams();
    failures = why.size === 0 ? 0 : failures + 1;
    if (failures === 0) return;
    const err = [...why].map((entry) => entry.join(": ")).join("; ");
    link.log.warn({ err }, "bus: streams not looked after, trying again");
    lookIn(Math.min(SOON_MS * 2 ** failures, SOON_MS_MAX));
  }

  return () => lookIn(SOON_MS);
}
