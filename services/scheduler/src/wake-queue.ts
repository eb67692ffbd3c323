// Who is to wake next, among thousands: a heap, so that a round costs what is due and not what is known.
// Invariants (property test beside it):
//   W1. Who is due is what a look at everyone would find.
//   W2. An item stays due until it has moved; an entry whose item has moved since is thrown away when its time comes.
//   W3. There are never many more entries than items.

export interface Waking {
  /** Undefined: never, as things stand. */
  readonly wakeMs: number | undefined;
}

export interface WakeQueue<T extends Waking> {
  /** The item is new, or it has moved. */
  moved(item: T): void;
  due(nowMs: number): T[];
  /** When the first one is to wake. */
  firstMs(): number | undefined;
}

interface Entry<T> {
  readonly wakeMs: number;
  readonly item: T;
}

const STALE_MAX = 1_000;

/** `items`: those that count now. */
export function createWakeQueue<T extends Waking>(items: {
  has(item: T): boolean;
  all(): Iterable<T>;
  readonly size: number;
}): WakeQueue<T> {
  let heap: Entry<T>[] = [];
  const isCurrent = ({ wakeMs, item }: Entry<T>): boolean =>
    item.wakeMs === wakeMs && items.has(item);

  function rebuild(): void {
    heap = [];
    for (const item of items.all())
      if (item.wakeMs !== undefined) push({ wakeMs: item.wakeMs, item });
  }

  function push(entry: Entry<T>): void {
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (wakeOf(parent) <= entry.wakeMs) break;
      swap(at, parent);
      at = parent;
    }
  }

  function pop(): Entry<T> | undefined {
    const [first] = heap;
    const last = heap.pop();
    if (last === undefined || first === undefined || heap.length === 0) return first;
    heap[0] = last;
    for (let at = 0; ;) {
      const left = 2 * at + 1;
      const least = wakeOf(left + 1) < wakeOf(left) ? left + 1 : left;
      if (wakeOf(least) >= last.wakeMs) return first;
      swap(at, least);
      at = least;
    }
  }

  const wakeOf = (at: number): number => heap[at]?.wakeMs ?? Infinity;
  function swap(a: number, b: number): void {
    const [one, other] = [heap[a], heap[b]];
    if (one === undefined || other === undefined) return;
    [heap[a], heap[b]] = [other, one];
  }

  return {
    moved(item) {
      if (item.wakeMs !== undefined) push({ wakeMs: item.wakeMs, item });
      if (heap.length > 2 * items.size + STALE_MAX) rebuild();
    },
    due(nowMs) {
      const found = new Map<T, Entry<T>>();
      while (wakeOf(0) <= nowMs) {
        const entry = pop();
        if (entry !== undefined && isCurrent(entry)) found.set(entry.item, entry);
      }
      for (const entry of found.values()) push(entry); // W2
      return [...found.keys()];
    },
    firstMs() {
      for (let [first] = heap; first !== undefined; [first] = heap) {
        if (isCurrent(first)) return first.wakeMs;
        pop();
      }
      return undefined;
    },
  };
}
