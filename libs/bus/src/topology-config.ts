// The topology as the server wants to be told it, and what of a server's answer differs from it.
// Ops own replicas, bytes and placement: they are set when a stream is created and never touched again.
import { buckets, bucketStream, bucketSubject, streams } from "@chasqui/contracts";
import type { ConsumerSpec, StreamName, StreamSpec } from "@chasqui/contracts";
import type { OpsOwned } from "./types.ts";

const NANOSECONDS = 1e6;
const UNLIMITED = -1;

/** What ops have set on a stream that is there. */
export function opsOwnedOf(config: Readonly<Record<string, unknown>>): OpsOwned {
  const { num_replicas, max_bytes, placement } = config as OpsOwned;
  return {
    ...(num_replicas === undefined ? {} : { num_replicas }),
    ...(max_bytes === undefined ? {} : { max_bytes }),
    ...(placement === undefined ? {} : { placement }),
  };
}

export type StreamConfig = Readonly<Record<string, unknown>> & { readonly name: string };

export function streamConfig(name: StreamName, ops: OpsOwned = {}): StreamConfig {
  const spec: StreamSpec = streams[name];
  return {
    name,
    description: spec.purpose,
    subjects: spec.subjects,
    retention: spec.retention,
    storage: "file",
    discard: spec.discard,
    max_age: spec.maxAgeMs * NANOSECONDS,
    max_bytes: ops.max_bytes ?? spec.maxBytes,
    max_msgs: UNLIMITED,
    max_msg_size: UNLIMITED,
    max_consumers: UNLIMITED,
    max_msgs_per_subject: spec.onePerSubject ? 1 : UNLIMITED,
    discard_new_per_subject: spec.onePerSubject ?? false,
    allow_direct: spec.readBySubject ?? false,
    duplicate_window: spec.duplicateWindowMs * NANOSECONDS,
    num_replicas: ops.num_replicas ?? 1,
    ...(ops.placement === undefined ? {} : { placement: ops.placement }),
  };
}

/** A key-value bucket is a stream with these settings; any NATS client can read it as one. */
export function bucketConfig(bucket: keyof typeof buckets, ops: OpsOwned = {}): StreamConfig {
  return {
    name: bucketStream(bucket),
    description: buckets[bucket].purpose,
    subjects: [bucketSubject(bucket, ">")],
    retention: "limits",
    storage: "file",
    discard: "new",
    max_age: 0,
    max_bytes: ops.max_bytes ?? UNLIMITED,
    max_msgs: UNLIMITED,
    max_msg_size: UNLIMITED,
    max_consumers: UNLIMITED,
    max_msgs_per_subject: 1,
    duplicate_window: 120_000 * NANOSECONDS,
    num_replicas: ops.num_replicas ?? 1,
    allow_rollup_hdrs: true,
    allow_direct: true,
    deny_delete: true,
    ...(ops.placement === undefined ? {} : { placement: ops.placement }),
  };
}

export type ConsumerConfig = Readonly<Record<string, unknown>> & { readonly durable_name: string };

export function consumerConfig(durable: string, spec: ConsumerSpec): ConsumerConfig {
  return {
    name: durable,
    durable_name: durable,
    description: `read by ${spec.owner}`,
    deliver_policy: "all",
    ack_policy: "explicit",
    replay_policy: "instant",
    ack_wait: spec.ackWaitMs * NANOSECONDS,
    max_ack_pending: spec.ackPendingMax,
    max_deliver: UNLIMITED, // libs/bus gives up, with a dead letter; the server would only fall silent
    filter_subject: spec.filter,
  };
}

export interface Difference {
  readonly field: string;
  readonly is: unknown;
  readonly want: unknown;
}

/** Fields of `want` that the server has otherwise. An absent field and its zero are the same. */
export function differences(
  is: Readonly<Record<string, unknown>>,
  want: Readonly<Record<string, unknown>>,
  fields: readonly string[],
): Difference[] {
  const known = (value: unknown): string =>
    JSON.stringify(value === undefined || value === null || value === false ? 0 : value);
  return fields
    .filter((field) => known(is[field]) !== known(want[field]))
    .map((field) => ({ field, is: is[field], want: want[field] }));
}

/** What a service insists on: with another value it would lose or misread messages. */
export const streamEssentials = [
  "subjects",
  "retention",
  "max_msgs_per_subject",
  "discard",
  "discard_new_per_subject",
  "allow_direct",
] as const;
export const bucketEssentials = ["subjects", "max_msgs_per_subject", "allow_direct"] as const;
export const consumerEssentials = ["filter_subject", "ack_policy", "deliver_subject"] as const;

/** What `chasqui admin topology` sets. */
export const streamManaged = [
  ...streamEssentials,
  "description",
  "max_age",
  "max_msgs",
  "max_msg_size",
  "duplicate_window",
] as const;
export const bucketManaged = bucketEssentials;
export const consumerManaged = [
  ...consumerEssentials,
  "description",
  "ack_wait",
  "max_ack_pending",
  "max_deliver",
] as const;

export const inWords = ({ field, is, want }: Difference): string =>
  `${field} is ${JSON.stringify(is ?? null)}, want ${JSON.stringify(want ?? null)}`;
