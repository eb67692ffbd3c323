// What is found in a bucket, and what it means to a wait. Pure.
import { fitted } from "../fit-output.ts";
import type { Json, JsonMap, Seen } from "../wait.ts";

/** Objects that a look lists at most; the wait cannot want more. */
export const OBJECTS_MAX = 10_000;
/** Objects that an output names. */
const NAMED_MAX = 100;

export interface ObjectConfig {
  readonly connection: string;
  readonly bucket: string;
  /** One of both. */
  readonly key: string | undefined;
  readonly prefix: string | undefined;
  /** Only what was written after it counts. */
  readonly newerThanMs: number | undefined;
  /** Only what has so many bytes counts. */
  readonly minBytes: number;
  /** So many of them, with a prefix. */
  readonly minCount: number;
}

export interface FoundObject {
  readonly key: string;
  readonly bytes: number;
  readonly modifiedMs: number;
  readonly etag: string;
}

/** `s3://bucket/key` or `gs://bucket/key`, as people and tools write it. */
export const uriOf = (scheme: "s3" | "gs", { bucket, key, prefix }: ObjectConfig): string =>
  `${scheme}://${bucket}/${key ?? prefix ?? ""}`;

export function objectsThatCount(
  { newerThanMs, minBytes }: ObjectConfig,
  objects: readonly FoundObject[],
): readonly FoundObject[] {
  return objects.filter(
    ({ bytes, modifiedMs }) =>
      bytes >= minBytes && (newerThanMs === undefined || modifiedMs > newerThanMs),
  );
}

/** `objects`: under the key or the prefix, as far as they were listed. */
export function judgeObjects(
  config: ObjectConfig,
  objects: readonly FoundObject[],
  { uri, absent = "is not there" }: { readonly uri: string; readonly absent?: string },
): Seen {
  const counting = objectsThatCount(config, objects);
  if (config.key !== undefined)
    return judgeOne(config, { uri, absent, found: objects[0], fits: counting[0] });
  const { minCount } = config;
  const note =
    counting.length === objects.length
      ? `${uri}: ${objects.length} objects`
      : `${uri}: ${counting.length} of ${objects.length} objects count`;
  if (counting.length < minCount)
    return {
      is: "not_yet",
      note: `${note}, ${minCount} are wanted`,
      evidence: { objects: objects.length, counting: counting.length },
    };
  const newest = counting.reduce((a, b) => (b.modifiedMs > a.modifiedMs ? b : a));
  const named = counting.slice(0, NAMED_MAX).map(shown);
  const output = { uri, count: counting.length, newest: shown(newest), objects: named };
  return { is: "there", note, output: fitted(output, "objects") };
}

function judgeOne(
  config: ObjectConfig,
  about: {
    readonly uri: string;
    readonly absent: string;
    readonly found: FoundObject | undefined;
    readonly fits: FoundObject | undefined;
  },
): Seen {
  const { uri, found, fits } = about;
  if (found === undefined) return { is: "not_yet", note: `${uri} ${about.absent}` };
  const { bytes } = found;
  const modified = iso(found.modifiedMs);
  const note = `${uri}: ${bytes} bytes of ${modified}`;
  if (fits !== undefined) return { is: "there", note, output: { uri, ...shown(found) } };
  const wants = [
    ...(bytes < config.minBytes ? [`${config.minBytes} bytes are wanted`] : []),
    ...(config.newerThanMs !== undefined && found.modifiedMs <= config.newerThanMs
      ? [`one after ${iso(config.newerThanMs)} is wanted`]
      : []),
  ];
  return { is: "not_yet", note: [note, ...wants].join("; "), evidence: { bytes, modified } };
}

const shown = ({
  key,
  bytes,
  modifiedMs,
  etag,
}: FoundObject): JsonMap & { [key: string]: Json } => ({
  key,
  bytes,
  modified: iso(modifiedMs),
  etag,
});

const iso = (ms: number): string => new Date(ms).toISOString().replace(".000Z", "Z");
