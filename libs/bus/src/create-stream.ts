// A stream made on a server that may have room for less than is wanted, by one of several who try at once.
import { buckets, bucketStream } from "@chasqui/contracts";
import {
  createStream,
  isStorageInsufficient,
  isStreamTaken,
  isTooManyReplicas,
} from "./jetstream-api.ts";
import type { Link } from "./link.ts";
import type { StreamConfig } from "./topology-config.ts";

/** Below this a stream is of no use. */
const STREAM_BYTES_MIN = 16 * 1024 * 1024;

/** What people call it: "stream CHASQUI_INBOX", "bucket CHASQUI_KINDS". */
export function thingOf(stream: string): string {
  const bucket = Object.keys(buckets).find(
    (name) => bucketStream(name as keyof typeof buckets) === stream,
  );
  return bucket === undefined ? `stream ${stream}` : `bucket ${bucket}`;
}

export interface CreatedStream {
  readonly config: StreamConfig;
  /** In what the server could not do as wanted; empty otherwise. */
  readonly detail: string;
}

/**
 * A laptop's server may promise less than all streams want together: then the stream begins smaller. A server alone
 * has one replica of everything. Undefined: somebody else has just made it, otherwise than we would.
 */
export async function createWhatFits(
  link: Link,
  wanted: StreamConfig,
): Promise<CreatedStream | undefined> {
  let config = wanted;
  const details: string[] = [];
  for (;;) {
    try {
      await createStream(link, config);
      const bytes = Number(config.max_bytes);
      if (bytes !== Number(wanted.max_bytes))
        details.push(`with ${bytes} bytes: the server has no room for ${wanted.max_bytes}`);
      return { config, detail: details.join("; ") };
    } catch (thrown) {
      if (isStreamTaken(thrown)) return undefined;
      const bytes = Math.floor(Number(config.max_bytes) / 2);
      if (isTooManyReplicas(thrown) && config.num_replicas !== 1) {
        details.push(`with 1 replica: the server is alone, and cannot keep ${config.num_replicas}`);
        config = { ...config, num_replicas: 1 };
      } else if (isStorageInsufficient(thrown) && bytes >= STREAM_BYTES_MIN)
        config = { ...config, max_bytes: bytes };
      else throw thrown;
    }
  }
}
