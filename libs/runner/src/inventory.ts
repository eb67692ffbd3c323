// The inventory of a runner: the attempts that it holds, said every half minute on a plain subject.
// What is missing twice is asked for, then declared lost.
import { fromBinary, fromJson, toBinary, toJson } from "@bufbuild/protobuf";
import { StructSchema } from "@bufbuild/protobuf/wkt";
import { isObject } from "./config/fields.ts";

export interface Inventory {
  readonly service: string;
  readonly kind: string;
  readonly atMs: number;
  readonly attemptIds: readonly string[];
}

/** A google.protobuf.Struct. */
export function encodeInventory({ service, kind, atMs, attemptIds }: Inventory): Uint8Array {
  const json = { service, kind, at_ms: atMs, attempt_ids: [...attemptIds] };
  return toBinary(StructSchema, fromJson(StructSchema, json));
}

/** Undefined for anything that is not an inventory. */
export function decodeInventory(data: Uint8Array): Inventory | undefined {
  try {
    const json = toJson(StructSchema, fromBinary(StructSchema, data));
    if (!isObject(json)) return undefined;
    const { service, kind, at_ms: atMs, attempt_ids: ids } = json;
    if (typeof service !== "string" || typeof kind !== "string" || typeof atMs !== "number")
      return undefined;
    if (!Array.isArray(ids)) return undefined;
    const attemptIds = ids.filter((id): id is string => typeof id === "string");
    return { service, kind, atMs, attemptIds };
  } catch {
    return undefined;
  }
}
