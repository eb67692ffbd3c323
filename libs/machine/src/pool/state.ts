// The state of a pool, and its line: by priority, then by DAG, then by the order of asking.
// A line is found in the time that it takes to look at the priorities and DAGs in it, however many wait.

export interface PoolClaim {
  readonly attemptId: string;
  readonly runId: string;
  readonly dagId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly attempt: number;
  /** Slots it wants, and slots it took: of a pool that is smaller, all. */
  readonly slots: number;
  readonly taken: number;
  readonly priority: number;
  /** Its place among all that ever asked. */
  readonly order: number;
  readonly askedMs: number;
  /** Absent while it waits. */
  readonly grantedMs: number | undefined;
}

export interface PoolState {
  readonly pool: string;
  size: number;
  /** The size that the installation's file last said; absent when it never named the pool. */
  declared: number | undefined;
  /** Slots that are out. */
  out: number;
  /** How many have asked, how many were served: both only rise. */
  asked: number;
  served: number;
  /** By priority and DAG, as long as it has a claim: when it was last served, or came. */
  readonly turns: Map<string, number>;
  readonly claims: Map<string, PoolClaim>;
  /** Attempts whose claim changed since the last commit. */
  readonly touched: Set<string>;
  /** Who waits, by priority and DAG. Follows from the claims. */
  readonly lines: Map<number, Map<string, Line>>;
  /** Claims by priority and DAG. Follows from them. */
  readonly counts: Map<string, number>;
}

/** In the order of asking; those who left are stepped over when their turn comes. */
interface Line {
  readonly list: PoolClaim[];
  at: number;
}

export const newPool = (pool: string): PoolState => ({
  pool,
  size: 0,
  declared: undefined,
  out: 0,
  asked: 0,
  served: 0,
  turns: new Map(),
  claims: new Map(),
  touched: new Set(),
  lines: new Map(),
  counts: new Map(),
});

export interface PoolRow {
  readonly pool: string;
  readonly size: number;
  readonly declared: number | undefined;
  readonly asked: number;
  readonly served: number;
  readonly turns: Readonly<Record<string, number>>;
}

/** From its rows, the claims in any order. */
export function restorePool({ turns, ...row }: PoolRow, claims: readonly PoolClaim[]): PoolState {
  const { pool, size, declared, asked, served } = row;
  const state: PoolState = { ...newPool(pool), size, declared, asked, served };
  for (const [turn, served] of Object.entries(turns)) state.turns.set(turn, served);
  for (const claim of claims.toSorted((a, b) => a.order - b.order))
    if (claim.grantedMs === undefined) putWaiting(state, claim);
    else {
      count(state, claim, 1);
      putHeld(state, claim);
    }
  state.touched.clear();
  return state;
}

export const turnOf = ({ priority, dagId }: Pick<PoolClaim, "priority" | "dagId">): string =>
  `${priority}/${dagId}`;

export function putWaiting(state: PoolState, claim: PoolClaim): void {
  state.claims.set(claim.attemptId, claim);
  state.touched.add(claim.attemptId);
  count(state, claim, 1);
  const turn = turnOf(claim);
  // Who comes anew stands behind all that wait already, so that nobody is overtaken twice.
  if (!state.turns.has(turn)) state.turns.set(turn, state.served);
  const dags = state.lines.get(claim.priority) ?? new Map<string, Line>();
  state.lines.set(claim.priority, dags);
  const line = dags.get(claim.dagId) ?? { list: [], at: 0 };
  dags.set(claim.dagId, line);
  line.list.push(claim);
}

export function putHeld(state: PoolState, claim: PoolClaim): void {
  state.claims.set(claim.attemptId, claim);
  state.touched.add(claim.attemptId);
  state.out += claim.taken;
}

export function drop(state: PoolState, claim: PoolClaim): void {
  state.claims.delete(claim.attemptId);
  state.touched.add(claim.attemptId);
  state.out -= claim.taken; // 0 of who waits
  if (count(state, claim, -1) === 0) state.turns.delete(turnOf(claim));
}

function count(state: PoolState, claim: PoolClaim, by: number): number {
  const turn = turnOf(claim);
  const now = (state.counts.get(turn) ?? 0) + by;
  if (now === 0) state.counts.delete(turn);
  else state.counts.set(turn, now);
  return now;
}

export function nextInLine(state: PoolState): PoolClaim | undefined {
  for (const priority of [...state.lines.keys()].toSorted((a, b) => b - a)) {
    const dags = state.lines.get(priority) ?? new Map<string, Line>();
    let best: PoolClaim | undefined;
    for (const [dagId, line] of dags) {
      const head = headOf(state, line);
      if (head === undefined) dags.delete(dagId);
      else if (best === undefined || isBefore(state, head, best)) best = head;
    }
    if (best !== undefined) return best;
    state.lines.delete(priority);
  }
  return undefined;
}

const STEPPED_OVER_MAX = 1_000;

function headOf(state: PoolState, line: Line): PoolClaim | undefined {
  if (line.at > STEPPED_OVER_MAX) {
    line.list.splice(0, line.at);
    line.at = 0;
  }
  for (; line.at < line.list.length; line.at++) {
    const claim = line.list[line.at];
    if (claim !== undefined && state.claims.get(claim.attemptId) === claim) return claim;
  }
  return undefined;
}

function isBefore(state: PoolState, a: PoolClaim, b: PoolClaim): boolean {
  const turnA = state.turns.get(turnOf(a)) ?? 0;
  const turnB = state.turns.get(turnOf(b)) ?? 0;
  return turnA < turnB || (turnA === turnB && a.order < b.order);
}

/** Who waits, in the order in which they would be served if nobody else came. */
export function lineOf(state: PoolState): PoolClaim[] {
  const copy = restorePool(poolRowOf(state), [...state.claims.values()]);
  const line: PoolClaim[] = [];
  for (let next = nextInLine(copy); next !== undefined; next = nextInLine(copy)) {
    line.push(next);
    copy.served += 1;
    copy.turns.set(turnOf(next), copy.served);
    putHeld(copy, { ...next, grantedMs: 0 });
  }
  return line;
}

export const poolRowOf = ({ pool, size, declared, asked, served, turns }: PoolState): PoolRow => ({
  pool,
  size,
  declared,
  asked,
  served,
  turns: Object.fromEntries(turns),
});
