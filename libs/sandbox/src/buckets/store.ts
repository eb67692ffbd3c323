// Objects in buckets, in memory: what both protocols of the stand-in read and write.
// Invariant: lists are in the order of keys by their UTF-8 bytes, as both services have them.
import { createHash } from "node:crypto";
import { HttpError } from "../web/serve.ts";

const OBJECTS_MAX = 100_000;
const BYTES_MAX = 256 * 1024 * 1024;
const KEY_BYTES_MAX = 1_024;
const BUCKET = /^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/;

export interface StoredObject {
  readonly bucket: string;
  readonly key: string;
  readonly body: Buffer;
  readonly contentType: string;
  readonly modifiedMs: number;
  /** Hexadecimal; both protocols show it, each in its own way. */
  readonly md5: string;
  /** Counts the writes of all objects. */
  readonly generation: number;
}

export class BucketStore {
  readonly #buckets = new Map<string, Map<string, StoredObject>>();
  #objects = 0;
  #bytes = 0;
  #generation = 1_700_000_000_000_000;

  buckets(): string[] {
    return [...this.#buckets.keys()].toSorted();
  }

  has(bucket: string): boolean {
    return this.#buckets.has(bucket);
  }

  /** Creating one that is there is nothing. */
  createBucket(bucket: string): void {
    if (!BUCKET.test(bucket))
      throw new HttpError(400, `bucket ${JSON.stringify(bucket)}: want 3 to 63 of a-z, 0-9, . _ -`);
    if (!this.#buckets.has(bucket)) this.#buckets.set(bucket, new Map());
  }

  /** The bucket comes to be with its first object. */
  put(object: {
    readonly bucket: string;
    readonly key: string;
    readonly body: Buffer;
    readonly contentType?: string | undefined;
    readonly modifiedMs?: number | undefined;
  }): StoredObject {
    const { bucket, key, body } = object;
    if (key === "" || Buffer.byteLength(key) > KEY_BYTES_MAX)
      throw new HttpError(
        400,
        `key of ${Buffer.byteLength(key)} bytes: want 1 to ${KEY_BYTES_MAX}`,
      );
    this.createBucket(bucket);
    this.delete(bucket, key);
    if (this.#objects >= OBJECTS_MAX || this.#bytes + body.length > BYTES_MAX)
      throw new HttpError(507, `the stand-in keeps ${OBJECTS_MAX} objects and ${BYTES_MAX} bytes`);
    const stored: StoredObject = {
      bucket,
      key,
      body,
      contentType: object.contentType ?? "application/octet-stream",
      modifiedMs: object.modifiedMs ?? Date.now(),
      md5: createHash("md5").update(body).digest("hex"),
      generation: ++this.#generation,
    };
    this.#buckets.get(bucket)?.set(key, stored);
    this.#objects += 1;
    this.#bytes += body.length;
    return stored;
  }

  get(bucket: string, key: string): StoredObject | undefined {
    return this.#buckets.get(bucket)?.get(key);
  }

  delete(bucket: string, key: string): boolean {
    const known = this.get(bucket, key);
    if (known === undefined) return false;
    this.#objects -= 1;
    this.#bytes -= known.body.length;
    return this.#buckets.get(bucket)?.delete(key) ?? false;
  }

  /** At most `max` behind `after`; `more` when there are others. */
  list(
    bucket: string,
    page: { readonly prefix: string; readonly after: string; readonly max: number },
  ): { readonly objects: readonly StoredObject[]; readonly more: boolean } {
    const { prefix, after, max } = page;
    const all = [...(this.#buckets.get(bucket)?.values() ?? [])]
      .filter(({ key }) => key.startsWith(prefix) && (after === "" || compare(key, after) > 0))
      .sort((a, b) => compare(a.key, b.key));
    return { objects: all.slice(0, max), more: all.length > max };
  }
}

const compare = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
