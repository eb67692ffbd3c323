// Listens to the inventories of runners, and says of attempts that they lack again and again that they are lost. It
// decides nothing: `lose` is a message to the run like any other. Any number of replicas may listen; all say the same.
import { fromBinary } from "@bufbuild/protobuf";
import type { Bus } from "@chasqui/bus";
import type { Logger } from "@chasqui/chassis";
import type { Inventory } from "@chasqui/contracts";
import { InventorySchema, attemptIdOf, subjects } from "@chasqui/contracts";
import type { Heard } from "@chasqui/machine";
import type { Sql } from "postgres";
import type { HeldAttempt, Look, Lost, Missing } from "./core/missing.ts";
import { Gathering, afterLook } from "./core/missing.ts";
import { loseAttempt } from "./say/messages.ts";
import { heldAttempts } from "./store/unheard.ts";
import type { Versions } from "./store/versions.ts";

/** An attempt that was accepted so short before the look may not be visible in it yet. */
export const YOUNG_MS = 60_000;

export interface InventoryWatchOptions {
  readonly sql: Sql;
  readonly bus: Pick<Bus, "publish" | "subscribePlain">;
  readonly versions: Versions;
  readonly log: Logger;
  readonly youngMs?: number;
  readonly clock?: () => number;
}

export interface InventoryWatch {
  /** Resolves when everything that was heard so far has been looked at. */
  idle(): Promise<void>;
  /** When a runner of the kind was last heard, whatever it held. */
  heard(kind: string): Heard;
  stop(): Promise<void>;
}

export function watchInventories(options: InventoryWatchOptions): InventoryWatch {
  const { bus, log, clock = Date.now } = options;
  const listeningSinceMs = clock();
  const heardMs = new Map<string, number>();
  const gathering = new Gathering();
  const missing = new Map<string, Missing>();
  let working: Promise<void> = Promise.resolve();

  async function compare(look: Look): Promise<void> {
    const held = await heldOf(look, options);
    const after = afterLook(missing.get(look.kind) ?? new Map(), held, look);
    missing.set(look.kind, after.missing);
    for (const lost of after.lost) warn(lost, log);
    await bus.publish(after.lost.map(loseAttempt));
  }

  const subscription = bus.subscribePlain(subjects.inventories(), (data) => {
    const inventory = parse(data, log);
    if (inventory !== undefined) heardMs.set(inventory.kind, clock());
    const look = inventory?.isWhole === true ? gathering.take(inventory) : undefined;
    if (look === undefined) return;
    working = working
      .then(() => compare(look))
      .catch((thrown: unknown) =>
        log.warn({ err: thrown }, "an inventory was not compared; the next one is"),
      );
  });
  return {
    idle: () => working,
    heard: (kind) => ({ lastMs: heardMs.get(kind), listeningSinceMs }),
    async stop() {
      subscription.unsubscribe();
      await working;
    },
  };
}

function parse(data: Uint8Array, log: Logger): Inventory | undefined {
  try {
    return fromBinary(InventorySchema, data);
  } catch (thrown) {
    log.warn({ err: thrown }, "an inventory cannot be read");
    return undefined;
  }
}

function warn({ attemptId, runId, evidence }: Lost, log: Logger): void {
  log.warn({ attempt_id: attemptId, run_id: runId, evidence }, "an attempt is lost");
}

/** What the inventory ought to show. */
async function heldOf(
  { kind, atMs }: Look,
  { sql, versions, youngMs = YOUNG_MS }: InventoryWatchOptions,
): Promise<HeldAttempt[]> {
  const rows = await heldAttempts(sql, atMs - youngMs);
  const mine = await Promise.all(
    rows.map(async (row) => {
      const plan = await versions.plan(row.dagId, row.fingerprint);
      return plan?.tasks[plan.indexOf.get(row.taskId) ?? -1]?.kind === kind;
    }),
  );
  return rows
    .filter((_, index) => mine[index] === true)
    .map(({ runId, taskId, mapIndex, attempt }) => {
      const key = { runId, taskId, mapIndex, attempt };
      return { ...key, attemptId: attemptIdOf(key) };
    });
}
