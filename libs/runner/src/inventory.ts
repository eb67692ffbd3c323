// The inventory of a runner: the attempts that it holds, said every half minute on a plain subject.
// What is missing twice is asked for, then declared lost.
import { subjects } from "@chasqui/contracts";
import { fromBinary, fromJson, toBinary, toJson } from "@bufbuild/protobuf";
import { StructSchema } from "@bufbuild/protobuf/wkt";
import { isObject } from "./config/fields.ts";
import type { RunnerBus } from "./ports.ts";

export interface Inventory {
  readonly service: string;
  readonly kind: string;
  readonly atMs: number;
  readonly attemptIds: readonly string[];
  /** A large inventory comes in parts, counted from 1, that say the same time. */
  readonly part: number;
  readonly parts: number;
}

/** About 150 kB a message; the bus takes 1 MiB. */
const PART_MAX = 4_000;

export function sayInventory(
  bus: Pick<RunnerBus, "publishPlain">,
  { attemptIds, ...whole }: Omit<Inventory, "part" | "parts">,
): void {
  const parts = Math.max(1, Math.ceil(attemptIds.length / PART_MAX));
  for (let part = 1; part <= parts; part++) {
    const some = attemptIds.slice((part - 1) * PART_MAX, part * PART_MAX);
    const data = encodeInventory({ ...whole, attemptIds: some, part, parts });
    bus.publishPlain(subjects.inventory(whole.kind), data);
  }
}

/** A google.protobuf.Struct. */
export function encodeInventory(inventory: Inventory): Uint8Array {
  const { service, kind, atMs, attemptIds, part, parts } = inventory;
  const json = { service, kind, at_ms: atMs, attempt_ids: [...attemptIds], part, parts };
  return toBinary(StructSchema, fromJson(StructSchema, json));
}

/** Undefined for anything that is not an inventory. */
export function decodeInventory(data: Uint8Array): Inventory | undefined {
  try {
    const json = toJson(StructSchema, fromBinary(StructSchema, data));
    if (!isObject(json)) return undefined;
    const { service, kind, at_ms: atMs, attempt_ids: ids, part, parts } = json;
    if (typeof service !== "string" || typeof kind !== "string" || typeof atMs !== "number")
      return undefined;
    if (typeof part !== "number" || typeof parts !== "number") return undefined;
    if (!Array.isArray(ids)) return undefined;
    const attemptIds = ids.filter((id): id is string => typeof id === "string");
    return { service, kind, atMs, attemptIds, part, parts };
  } catch {
    return undefined;
  }
}
