// Pools in a simulation: who asks first, of the highest priority, gets the slots that are free. A pool of the
// installation, whose size a DAG does not say, has slots for all unless the author gives it a size.

export interface Asker {
  /** Slot of the run's state, and attempt. */
  readonly slot: number;
  readonly attempt: number;
  readonly priority: number;
}

export interface Grant extends Asker {
  readonly pool: string;
}

interface Pool {
  readonly size: number;
  readonly holders: Map<string, number>;
  readonly line: (Asker & { readonly slots: number })[];
}

export interface Pools {
  /** What is granted at once. */
  acquire(asker: Asker, claim: PoolClaim): readonly Grant[];
  /** What others are granted because of it. */
  release(asker: Pick<Asker, "slot" | "attempt">, pool: string): readonly Grant[];
}

export interface PoolClaim {
  readonly pool: string;
  readonly slots: number;
  readonly size?: number;
}

const keyOf = ({ slot, attempt }: Pick<Asker, "slot" | "attempt">): string => `${slot}:${attempt}`;

export function createPools(sizes: Readonly<Record<string, number>>): Pools {
  const pools = new Map<string, Pool>();

  function grantNext(name: string, pool: Pool): Grant[] {
    const granted: Grant[] = [];
    for (let next = pool.line[0]; next !== undefined; next = pool.line[0]) {
      const held = [...pool.holders.values()].reduce((sum, slots) => sum + slots, 0);
      if (held + Math.min(next.slots, pool.size) > pool.size) break;
      pool.line.shift();
      pool.holders.set(keyOf(next), Math.min(next.slots, pool.size));
      granted.push({ ...next, pool: name });
    }
    return granted;
  }

  return {
    acquire(asker, { pool: name, slots, size }) {
      const pool = pools.get(name) ?? {
        size: size ?? sizes[name] ?? Infinity,
        holders: new Map<string, number>(),
        line: [],
      };
      pools.set(name, pool);
      const key = keyOf(asker);
      if (pool.holders.has(key) || pool.line.some((other) => keyOf(other) === key)) return [];
      const behind = pool.line.findIndex((other) => other.priority < asker.priority);
      pool.line.splice(behind === -1 ? pool.line.length : behind, 0, { ...asker, slots });
      return grantNext(name, pool);
    },
    release(asker, name) {
      const pool = pools.get(name);
      if (pool === undefined) return [];
      const key = keyOf(asker);
      const waits = pool.line.findIndex((other) => keyOf(other) === key);
      if (waits !== -1) pool.line.splice(waits, 1);
      pool.holders.delete(key);
      return grantNext(name, pool);
    },
  };
}
