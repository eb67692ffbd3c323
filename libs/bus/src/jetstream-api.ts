// The questions of the bus to the JetStream API, and its answers parsed. Asked by hand rather than through the
// client's manager, which asks for more than a service's user may have.
import { jetStreamSubjects } from "@chasqui/contracts";
import { JetStreamError } from "./errors.ts";
import type { Link } from "./link.ts";
import type { ConsumerConfig, StreamConfig } from "./topology-config.ts";

const CONSUMER_NOT_FOUND = 10014;
const STREAM_NOT_FOUND = 10059;
const MESSAGE_NOT_FOUND = 10037;
const INSUFFICIENT_STORAGE = 10047;
const STREAM_NAME_IN_USE = 10058;
const REPLICAS_NOT_SUPPORTED = 10074;

const hasCode = (thrown: unknown, code: number): boolean =>
  thrown instanceof JetStreamError && thrown.errorCode === code;
export const isStreamMissing = (thrown: unknown): boolean => hasCode(thrown, STREAM_NOT_FOUND);
export const isConsumerMissing = (thrown: unknown): boolean =>
  hasCode(thrown, CONSUMER_NOT_FOUND) || hasCode(thrown, STREAM_NOT_FOUND);
export const isMessageMissing = (thrown: unknown): boolean => hasCode(thrown, MESSAGE_NOT_FOUND);
export const isStorageInsufficient = (thrown: unknown): boolean =>
  hasCode(thrown, INSUFFICIENT_STORAGE);
/** There is one of this name with other settings; with the same ones, creating it again is no error. */
export const isStreamTaken = (thrown: unknown): boolean => hasCode(thrown, STREAM_NAME_IN_USE);
export const isTooManyReplicas = (thrown: unknown): boolean =>
  hasCode(thrown, REPLICAS_NOT_SUPPORTED);

export interface StreamState {
  readonly created: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly messages: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** Subjects that match the filter, with their messages; only when a filter was given. */
  readonly subjects: Readonly<Record<string, number>>;
}

export async function streamInfo(
  link: Link,
  stream: string,
  subjectsFilter?: string,
): Promise<StreamState> {
  const body = subjectsFilter === undefined ? undefined : { subjects_filter: subjectsFilter };
  return parseStream(await link.request(jetStreamSubjects.streamInfo(stream), body));
}

export async function createStream(link: Link, config: StreamConfig): Promise<StreamState> {
  return parseStream(await link.request(jetStreamSubjects.streamCreate(config.name), config));
}

export async function updateStream(link: Link, config: StreamConfig): Promise<StreamState> {
  return parseStream(await link.request(jetStreamSubjects.streamUpdate(config.name), config));
}

export interface ConsumerState {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly ackWaitMs: number;
  /** Messages not yet delivered. */
  readonly pending: number;
}

export async function consumerInfo(
  link: Link,
  stream: string,
  durable: string,
): Promise<ConsumerState> {
  return parseConsumer(await link.request(jetStreamSubjects.consumerInfo(stream, durable)));
}

/** Creates the durable, or updates it to this configuration. */
export async function putConsumer(
  link: Link,
  stream: string,
  config: ConsumerConfig,
): Promise<ConsumerState> {
  const subject = jetStreamSubjects.consumerCreate(
    stream,
    config.durable_name,
    String(config.filter_subject),
  );
  return parseConsumer(await link.request(subject, { stream_name: stream, config }));
}

export async function createEphemeral(
  link: Link,
  stream: string,
  config: object,
): Promise<ConsumerState> {
  const body = { stream_name: stream, config };
  return parseConsumer(await link.request(jetStreamSubjects.ephemeralCreate(stream), body));
}

/** Names of all durables of a stream. */
export async function consumerNames(link: Link, stream: string): Promise<string[]> {
  const names: string[] = [];
  for (;;) {
    const answer = await link.request(jetStreamSubjects.consumerNames(stream), {
      offset: names.length,
    });
    const page = answer as { consumers?: string[] | null; total?: number };
    names.push(...(page.consumers ?? []));
    if ((page.consumers ?? []).length === 0 || names.length >= (page.total ?? 0)) return names;
  }
}

function parseStream(answer: object): StreamState {
  const { created, config, state } = answer as {
    created: string;
    config: Record<string, unknown>;
    state: {
      messages: number;
      first_seq: number;
      last_seq: number;
      subjects?: Record<string, number>;
    };
  };
  return {
    created,
    config,
    messages: state.messages,
    firstSequence: state.first_seq,
    lastSequence: state.last_seq,
    subjects: state.subjects ?? {},
  };
}

function parseConsumer(answer: object): ConsumerState {
  const { name, config, num_pending } = answer as {
    name: string;
    config: Record<string, unknown> & { ack_wait?: number };
    num_pending?: number;
  };
  return { name, config, ackWaitMs: (config.ack_wait ?? 0) / 1e6, pending: num_pending ?? 0 };
}
