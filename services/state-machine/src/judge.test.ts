// What is believed after a commit: a table of what a message did, and what became of what it rests on.
import { expect, test } from "vitest";
import type { Batch, Outcome, Said } from "./core/batch.ts";
import { poolKey } from "./core/aggregates.ts";
import { judge } from "./judge.ts";

const POOL = poolKey("warehouse");
const none = { runEffects: [], dagEffects: [], poolEffects: [], runId: "" };
const about = (runId: string) => [{ run: { meta: { runId } } }] as unknown as Said["runEffects"];

interface Row {
  readonly what: string;
  readonly kind: Outcome["kind"];
  readonly of?: string;
  /** Runs that it says something of. */
  readonly says?: string;
  /** What others of its batch changed, or itself. */
  readonly changed?: readonly string[];
  readonly won?: readonly string[];
  readonly threw?: readonly string[];
  readonly refused?: readonly string[];
  readonly beside?: number;
  readonly fresh?: boolean;
  /** The row's version now; memory has 3. */
  readonly now?: number;
  readonly wants: "done" | "again" | "dead";
}

const rows: Row[] = [
  { what: "moved, and won", kind: "moved", changed: ["r"], won: ["r"], wants: "done" },
  { what: "moved, and lost", kind: "moved", changed: ["r"], wants: "again" },
  {
    what: "moved a pool, and won",
    kind: "moved",
    of: POOL,
    changed: [POOL],
    won: [POOL],
    wants: "done",
  },
  { what: "moved a pool, and lost", kind: "moved", of: POOL, changed: [POOL], wants: "again" },
  { what: "refused alone", kind: "moved", changed: ["r"], refused: ["r"], wants: "dead" },
  {
    what: "refused with others",
    kind: "moved",
    changed: ["r"],
    refused: ["r"],
    beside: 2,
    wants: "again",
  },
  { what: "threw", kind: "threw", threw: ["r"], wants: "dead" },
  { what: "beside one that threw", kind: "moved", threw: ["r"], wants: "again" },
  { what: "nothing, fresh", kind: "nothing", wants: "done" },
  {
    what: "nothing, from memory that is current",
    kind: "nothing",
    fresh: false,
    now: 3,
    wants: "done",
  },
  {
    what: "nothing, from memory that is old",
    kind: "nothing",
    fresh: false,
    now: 4,
    wants: "again",
  },
  { what: "nothing, from memory of what is gone", kind: "nothing", fresh: false, wants: "again" },
  { what: "rejected, fresh", kind: "rejected", wants: "dead" },
  {
    what: "rejected, from memory that is old",
    kind: "rejected",
    fresh: false,
    now: 4,
    wants: "again",
  },
  {
    what: "nothing, after a change that won",
    kind: "nothing",
    fresh: false,
    changed: ["r"],
    won: ["r"],
    wants: "done",
  },
  { what: "nothing, after a change that lost", kind: "nothing", changed: ["r"], wants: "again" },
  { what: "rejected, after a change that lost", kind: "rejected", changed: ["r"], wants: "again" },
  {
    what: "nothing of a pool, after a change that lost",
    kind: "nothing",
    of: POOL,
    changed: [POOL],
    wants: "again",
  },
  {
    what: "nothing of a DAG, says of a run that won",
    kind: "nothing",
    of: "d",
    says: "r",
    changed: ["r"],
    won: ["r"],
    wants: "done",
  },
  {
    what: "nothing of a DAG, says of a run that nobody changed",
    kind: "nothing",
    of: "d",
    says: "r",
    wants: "done",
  },
  {
    what: "nothing of a DAG, says of a run that lost",
    kind: "nothing",
    of: "d",
    says: "r",
    changed: ["r"],
    wants: "again",
  },
  {
    what: "nothing of a DAG, says of a run that threw",
    kind: "nothing",
    of: "d",
    says: "r",
    threw: ["r"],
    wants: "again",
  },
];

test.each(rows)("$what: $wants", (row) => {
  const {
    kind,
    of = "r",
    says,
    changed = [],
    won = [],
    threw = [],
    refused = [],
    fresh = true,
  } = row;
  const isDag = (id: string): boolean => id === "d";
  const isPool = (id: string): boolean => id === POOL;
  const isRun = (id: string): boolean => !isDag(id) && !isPool(id);
  const nameOf = (id: string): string => (isPool(id) ? "warehouse" : id);
  const changes = (is: (id: string) => boolean) =>
    new Map(changed.filter(is).map((id) => [nameOf(id), {}]));
  const outcome = { kind, aggregate: of, why: "so" } as Outcome;
  const batch = {
    ...{ runs: changes(isRun), dags: changes(isDag), pools: changes(isPool), regranted: new Set() },
    said: [{ ...none, outcome, runEffects: says === undefined ? [] : about(says) }],
  } as unknown as Batch;
  const winners = (is: (id: string) => boolean) => new Set(won.filter(is).map(nameOf));
  const now = row.now === undefined ? new Map<string, number>() : new Map([[of, row.now]]);
  const [judgement] = judge(batch, {
    winners: {
      ...{ runs: winners(isRun), dags: winners(isDag), pools: winners(isPool) },
      refused: new Map(refused.map((id) => [id, "out of range"])),
    },
    threw: new Set(threw),
    isFresh: () => fresh,
    current: { runs: now, dags: new Map(), pools: new Map() },
    versionOf: () => 3,
    counts: new Map([[of, row.beside ?? 1]]),
  });
  expect(judgement?.kind).toBe(row.wants);
});
