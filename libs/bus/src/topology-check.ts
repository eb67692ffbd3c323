// What a service finds of the streams and consumers it was written for. Whatever ops may choose (replicas, bytes,
// ages, placement) is left to them; what would lose or misread messages is refused.
import type { ConsumerSpec } from "@chasqui/contracts";
import { thingOf } from "./create-stream.ts";
import { reasonOf } from "./errors.ts";
import { consumerInfo, isConsumerMissing, isStreamMissing } from "./jetstream-api.ts";
import { isForbidden, type Link } from "./link.ts";
import type { Repair } from "./repair.ts";
import {
  bucketConfig,
  bucketEssentials,
  consumerConfig,
  consumerEssentials,
  differences,
  inWords,
  streamConfig,
  streamEssentials,
  type StreamConfig,
} from "./topology-config.ts";
import type { Needs } from "./types.ts";

export interface CheckContext {
  readonly link: Link;
  readonly consumers: Readonly<Record<string, ConsumerSpec>>;
  readonly repair: Repair;
}

/** One thing that is not as it is needed, in words. */
export interface Finding {
  /**
   * `wrong`: waiting does not help. `no stream`: of this name. `no durable`: of this name, on a stream that may be there.
   * `unseen`: the server did not say.
   */
  readonly kind: "wrong" | "no stream" | "no durable" | "unseen";
  readonly name: string;
  readonly line: string;
}

/** Everything that is not as needed; nothing when a service may go on. */
export async function checkTopology(
  context: CheckContext,
  { streams, buckets: kept = [], durables }: Needs,
): Promise<Finding[]> {
  const findings = await Promise.all([
    ...streams.map((name) => ofStream(context, streamConfig(name), streamEssentials)),
    ...kept.map((name) => ofStream(context, bucketConfig(name), bucketEssentials)),
    ...durables.map((durable) => ofDurable(context, durable)),
  ]);
  return findings.flat();
}

async function ofStream(
  { repair }: CheckContext,
  want: StreamConfig,
  essentials: readonly string[],
): Promise<Finding[]> {
  const { name } = want;
  const thing = thingOf(name);
  try {
    const { config } = await repair.look(name);
    const found = differences(config, want, essentials);
    return found.map((one) => ({ kind: "wrong", name, line: `${thing}: ${inWords(one)}` }));
  } catch (thrown) {
    if (isStreamMissing(thrown))
      return [{ kind: "no stream", name, line: `${thing}: does not exist` }];
    return [unseen(name, thing, thrown)];
  }
}

async function ofDurable({ link, consumers }: CheckContext, name: string): Promise<Finding[]> {
  const spec = consumers[name];
  if (spec === undefined)
    return [{ kind: "wrong", name, line: `consumer ${name}: not in the topology` }];
  const thing = `consumer ${name} of ${spec.stream}`;
  try {
    const { config } = await consumerInfo(link, spec.stream, name);
    const found = differences(config, consumerConfig(name, spec), consumerEssentials);
    return found.map((one) => ({ kind: "wrong", name, line: `${thing}: ${inWords(one)}` }));
  } catch (thrown) {
    if (isConsumerMissing(thrown))
      return [{ kind: "no durable", name, line: `${thing}: does not exist` }];
    return [unseen(name, thing, thrown)];
  }
}

/** What this user may not ask it will not be told later either; anything else may be the broker's bad moment. */
const unseen = (name: string, thing: string, thrown: unknown): Finding => ({
  kind: isForbidden(thrown) ? "wrong" : "unseen",
  name,
  line: `${thing}: not checked: ${reasonOf(thrown)}`,
});
