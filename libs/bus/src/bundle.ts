// What one call says to one stream can travel as one message: the broker stores, delivers and settles it once, which
// costs it as much as one of the parts does by itself.
// Invariants:
//   N1. Each message travels once: by itself, or in one bundle, in the order in which it was said.
//   N2. A bundle has at least two messages, and no more than its bounds: it is taken into memory as a whole.
import { createHash } from "node:crypto";
import { toBinary } from "@bufbuild/protobuf";
import { BundleSchema, subjects, type BundledMessage } from "@chasqui/contracts";
import type { OutMessage } from "./types.ts";

const MESSAGES_MAX = 100;
const BYTES_MAX = 64 * 1024;

/** What goes over the wire for what was said. */
export interface Load {
  readonly messages: readonly OutMessage[];
  /** By the message said: which one of `messages` it travels in. */
  readonly placeOf: readonly number[];
}

interface Open {
  readonly place: number;
  readonly parts: OutMessage[];
  bytes: number;
}

/** Undefined when everything travels by itself. */
export function bundled(said: readonly OutMessage[]): Load | undefined {
  if (said.length < 2 || !said.some(bundleOf)) return undefined;
  const open = new Map<string, Open>();
  const places: OutMessage[][] = [];
  const placeOf = said.map((message): number => {
    const { data } = message;
    const bundle = bundleOf(message);
    const known = bundle === undefined ? undefined : open.get(bundle);
    if (known !== undefined && fits(known, data)) {
      known.parts.push(message);
      known.bytes += data.length;
      return known.place;
    }
    const place = places.length;
    const parts = [message];
    places.push(parts);
    if (bundle !== undefined) open.set(bundle, { place, parts, bytes: data.length });
    return place;
  });
  return { messages: places.map(asOne), placeOf };
}

/** Headers have no place in a bundle, and without ids two bundles would be one. */
const bundleOf = ({ bundle, id, headers }: OutMessage): string | undefined =>
  id === undefined || headers !== undefined ? undefined : bundle;

const fits = ({ parts, bytes }: Open, data: Uint8Array): boolean =>
  parts.length < MESSAGES_MAX && bytes + data.length <= BYTES_MAX;

function asOne(parts: readonly OutMessage[]): OutMessage {
  const [first] = parts;
  if (first === undefined) throw new TypeError("a bundle of nothing");
  if (parts.length === 1) return first;
  const messages = parts.map(({ subject, id = "", traceparent = "", data }): BundledMessage => ({
    $typeName: "chasqui.bus.v1.BundledMessage",
    ...{ subject, id, traceparent, data },
  }));
  return {
    subject: subjects.bundle(first.subject),
    id: bundleId(parts),
    data: toBinary(BundleSchema, { $typeName: "chasqui.bus.v1.Bundle", messages }),
  };
}

/** The same messages, said again, are the same bundle. */
function bundleId(parts: readonly OutMessage[]): string {
  const hash = createHash("sha256");
  for (const { id = "" } of parts) hash.update(`${id}\n`);
  return `bundle:${hash.digest("hex").slice(0, 32)}`;
}
