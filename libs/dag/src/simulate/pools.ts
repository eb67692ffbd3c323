// Pools in a simulation: decided by the machine's own pools. A pool of the installation, whose size a DAG does not say, has
// slots for all unless the author gives it a size.
import { decidePool, newPool } from "@chasqui/machine";
import type { Claim, PoolEffect, PoolMessage, PoolState } from "@chasqui/machine";

export interface Asker {
  /** Slot of the run's state, and attempt. */
  readonly slot: number;
  readonly attempt: number;
  readonly priority: number;
}

export interface Grant {
  readonly slot: number;
  readonly attempt: number;
  readonly pool: string;
}

export interface Pools {
  /** What is granted at once. */
  acquire(asker: Asker, claim: Claim, atMs: number): readonly Grant[];
  /** What others are granted because of it. */
  release(asker: Pick<Asker, "slot" | "attempt">, pool: string, atMs: number): readonly Grant[];
}

/** There is one run: a slot of its state and the attempt are enough of an id. */
const idOf = ({ slot, attempt }: Pick<Asker, "slot" | "attempt">): string => `${slot}:${attempt}`;

export function createPools(sizes: Readonly<Record<string, number>>): Pools {
  const pools = new Map<string, PoolState>();

  function poolOf(name: string): PoolState {
    const pool = pools.get(name) ?? {
      ...newPool(name),
      size: (Object.hasOwn(sizes, name) ? sizes[name] : undefined) ?? Number.MAX_SAFE_INTEGER,
    };
    pools.set(name, pool);
    return pool;
  }

  function tell(name: string, message: PoolMessage, atMs: number): Grant[] {
    const { effects } = decidePool(poolOf(name), message, atMs);
    return effects.map(({ claim }) => grantOf(claim, name));
  }

  return {
    acquire(asker, { pool, slots, size }, atMs) {
      const { slot: taskSlot, attempt, priority } = asker;
      const who = { runId: "", dagId: "", taskId: String(taskSlot), mapIndex: -1 };
      const claim = { attemptId: idOf(asker), ...who, attempt, slots, priority };
      return tell(pool, { kind: "acquire", claim, size }, atMs);
    },
    release: (asker, pool, atMs) => tell(pool, { kind: "release", attemptId: idOf(asker) }, atMs),
  };
}

const grantOf = ({ taskId, attempt }: PoolEffect["claim"], pool: string): Grant => ({
  slot: Number(taskId),
  attempt,
  pool,
});
