// A service starts only on the streams and consumers it was written for. Whatever ops may choose (replicas, bytes,
// ages, placement) is left to them; what would lose or misread messages is refused, with what to do.
import type { ConsumerSpec } from "@chasqui/contracts";
import { BusError, reasonOf } from "./errors.ts";
import { consumerInfo, isConsumerMissing, isStreamMissing, streamInfo } from "./jetstream-api.ts";
import type { Link } from "./link.ts";
import type { Repair } from "./repair.ts";
import {
  consumerConfig,
  consumerEssentials,
  differences,
  inWords,
  streamConfig,
  streamEssentials,
} from "./topology-config.ts";
import type { Needs } from "./types.ts";

export interface CheckContext {
  readonly link: Link;
  readonly consumers: Readonly<Record<string, ConsumerSpec>>;
  readonly repair: Repair;
}

export async function checkTopology(
  { link, consumers, repair }: CheckContext,
  needs: Needs,
): Promise<void> {
  const ofStreams = needs.streams.map(async (name): Promise<string[]> => {
    try {
      const { config } = await streamInfo(link, name);
      repair.remember(name, config);
      const found = differences(config, streamConfig(name), streamEssentials);
      return found.map((difference) => `stream ${name}: ${inWords(difference)}`);
    } catch (thrown) {
      if (isStreamMissing(thrown)) return [`stream ${name}: does not exist`];
      return [`stream ${name}: not checked: ${reasonOf(thrown)}`];
    }
  });
  const ofConsumers = needs.durables.map(async (durable): Promise<string[]> => {
    const spec = consumers[durable];
    if (spec === undefined) return [`consumer ${durable}: not in the topology`];
    const thing = `consumer ${durable} of ${spec.stream}`;
    try {
      const { config } = await consumerInfo(link, spec.stream, durable);
      const found = differences(config, consumerConfig(durable, spec), consumerEssentials);
      return found.map((difference) => `${thing}: ${inWords(difference)}`);
    } catch (thrown) {
      if (isConsumerMissing(thrown)) return [`${thing}: does not exist`];
      return [`${thing}: not checked: ${reasonOf(thrown)}`];
    }
  });
  const problems = (await Promise.all([...ofStreams, ...ofConsumers])).flat();
  if (problems.length > 0)
    throw new BusError(
      `the bus is not what this service needs; run \`chasqui admin topology\`:\n  ${problems.join("\n  ")}`,
    );
}
