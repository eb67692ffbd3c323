// The inventory of a runner: the attempts that it holds, said every half minute on a plain subject. The state machine
// compares: what a whole inventory lacks again and again is lost.
import { create, toBinary } from "@bufbuild/protobuf";
import { InventorySchema, subjects } from "@chasqui/contracts";
import type { RunnerBus } from "./ports.ts";

export interface Held {
  readonly service: string;
  readonly kind: string;
  readonly atMs: number;
  readonly attemptIds: readonly string[];
  /** It shows everything of this kind, whoever began it. */
  readonly isWhole: boolean;
}

/** About 150 kB a message; the bus takes 1 MiB. */
const PART_MAX = 4_000;

export function sayInventory(
  bus: Pick<RunnerBus, "publishPlain">,
  { attemptIds, ...whole }: Held,
): void {
  const parts = Math.max(1, Math.ceil(attemptIds.length / PART_MAX));
  for (let part = 1; part <= parts; part++) {
    const some = attemptIds.slice((part - 1) * PART_MAX, part * PART_MAX);
    const message = create(InventorySchema, { ...whole, attemptIds: some, part, parts });
    bus.publishPlain(subjects.inventory(whole.kind), toBinary(InventorySchema, message));
  }
}
