// What is going to happen in virtual time, in order. What falls on the same moment happens by rank, lowest first, then
// in the order of its entry.

export interface Queue<T> {
  add(atMs: number, what: T, rank?: number): void;
  /** The first moment at which something happens. */
  nextMs(): number | undefined;
  take(): { readonly atMs: number; readonly what: T } | undefined;
}

interface Entry<T> {
  readonly atMs: number;
  readonly rank: number;
  readonly order: number;
  readonly what: T;
}

/** A binary heap: a simulated fan-out of 10,000 stays fast. */
export function createQueue<T>(): Queue<T> {
  const heap: Entry<T>[] = [];
  let order = 0;
  const before = (a: number, b: number): boolean => {
    const [x, y] = [heap[a], heap[b]];
    if (x === undefined || y === undefined) return false;
    return (x.atMs - y.atMs || x.rank - y.rank || x.order - y.order) < 0;
  };
  const swap = (a: number, b: number): void => {
    const [x, y] = [heap[a], heap[b]];
    if (x === undefined || y === undefined) return;
    heap[a] = y;
    heap[b] = x;
  };
  const rise = (start: number): void => {
    for (let at = start; at > 0 && before(at, (at - 1) >> 1); at = (at - 1) >> 1)
      swap(at, (at - 1) >> 1);
  };
  const sink = (): void => {
    for (let at = 0; ;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      const child = before(right, left) ? right : left;
      if (!before(child, at)) return;
      swap(at, child);
      at = child;
    }
  };
  return {
    add(atMs, what, rank = 0) {
      heap.push({ atMs, rank, order: order++, what });
      rise(heap.length - 1);
    },
    nextMs: () => heap[0]?.atMs,
    take() {
      const [first] = heap;
      const last = heap.pop();
      if (first !== undefined && last !== undefined && heap.length > 0) {
        heap[0] = last;
        sink();
      }
      return first;
    },
  };
}
