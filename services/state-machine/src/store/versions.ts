// Stored specifications and their plans. Immutable, so what was read once is never read again (LRU by count).
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import type { JsonObject } from "@bufbuild/protobuf";
import type { DagSpec, TaskSpec } from "@chasqui/contracts";
import { DagSpecSchema, Overlap as WireOverlap } from "@chasqui/contracts";
import {
  constantConfig,
  fingerprintOf,
  isUnlinked,
  limits,
  linksOf,
  outputsNamedBy,
  planOf,
} from "@chasqui/dag";
import type { Overlap, Plan, VersionFacts } from "@chasqui/machine";
import type { Sql } from "postgres";
import type { StoredVersion } from "../core/aggregates.ts";

/** A version of a few tasks takes some ten kilobytes. */
const CACHED_MAX = 2_000;

/** What an assignment of a task is made of, looked up once per version. */
export interface TaskTemplate {
  readonly spec: TaskSpec;
  /** Tasks whose output its configuration names. */
  readonly names: readonly string[];
  /** The configuration as JSON when it is the same for every run. */
  readonly constant: string | undefined;
}

export interface Version extends StoredVersion {
  readonly spec: DagSpec;
  readonly templates: ReadonlyMap<string, TaskTemplate>;
}

export interface Versions {
  /** `spec`: as stored, when it was read along with something else. */
  get(dagId: string, fingerprint: string, spec?: Buffer): Promise<Version | undefined>;
  plan(dagId: string, fingerprint: string): Promise<Plan | undefined>;
  /** What memory holds; `get` finds the others, too. */
  cached(dagId: string, fingerprint: string): Version | undefined;
  /** Stores specifications under their meanings, which it answers; harmless if repeated. */
  put(specs: readonly DagSpec[]): Promise<string[]>;
}

export function openVersions(
  sql: Sql,
  vars: JsonObject,
  { cachedMax = CACHED_MAX }: { readonly cachedMax?: number } = {},
): Versions {
  const cache = new Map<string, Promise<Version | undefined>>();
  const ready = new Map<string, Version>();
  const specOf = oneStatementATurn((asked) => readSpecs(sql, asked));

  async function read(
    dagId: string,
    fingerprint: string,
    known?: Buffer,
  ): Promise<Version | undefined> {
    const stored = known ?? (await specOf({ dagId, fingerprint }));
    if (stored === undefined) return undefined;
    const spec = fromBinary(DagSpecSchema, stored);
    const templates = new Map(
      spec.tasks.map((task): [string, TaskTemplate] => [
        task.id,
        { spec: task, names: outputsNamedBy(spec, task), constant: constantConfig(task) },
      ]),
    );
    return {
      templates,
      spec,
      facts: factsOf(spec, fingerprint),
      plan: planOf(spec, fingerprint, { vars }),
    };
  }

  function get(dagId: string, fingerprint: string, stored?: Buffer): Promise<Version | undefined> {
    const key = keyOf({ dagId, fingerprint });
    const known = cache.get(key);
    if (known !== undefined) {
      cache.delete(key); // to the end: the first in the map is the least recently used
      cache.set(key, known);
      return known;
    }
    const reading = read(dagId, fingerprint, stored).then(
      (version) => {
        if (version === undefined) cache.delete(key);
        else if (cache.has(key)) ready.set(key, version); // it may have had to make room meanwhile
        return version;
      },
      (thrown: unknown) => {
        cache.delete(key);
        throw thrown;
      },
    );
    cache.set(key, reading);
    for (const oldest of cache.keys()) {
      if (cache.size <= cachedMax) break;
      cache.delete(oldest);
      ready.delete(oldest);
    }
    return reading;
  }

  return {
    get,
    plan: async (dagId, fingerprint) => (await get(dagId, fingerprint))?.plan,
    cached: (dagId, fingerprint) => ready.get(keyOf({ dagId, fingerprint })),
    async put(specs) {
      const rows = specs.map((spec) => ({
        dag_id: spec.id,
        fingerprint: fingerprintOf(spec),
        spec: Buffer.from(toBinary(DagSpecSchema, spec)),
        was: spec.was,
        links: linksRow(sql, spec),
      }));
      if (rows.length === 0) return [];
      await sql`
        insert into state_machine.dag_spec ${sql(rows)} on conflict (dag_id, fingerprint) do nothing`;
      await sql`
        insert into state_machine.dag (dag_id, version, format, number, fingerprint, paused, has_waiting, active, changed_at)
        select id, 0, 1, 0, '', false, false, '{}', now() from unnest(${rows.map((row) => row.dag_id)}::text[]) id
        on conflict (dag_id) do nothing`;
      return rows.map(({ fingerprint }) => fingerprint);
    },
  };
}

interface Named {
  readonly dagId: string;
  readonly fingerprint: string;
}
const keyOf = ({ dagId, fingerprint }: Named): string => `${dagId} ${fingerprint}`;

async function readSpecs(sql: Sql, asked: readonly Named[]): Promise<Map<string, Buffer>> {
  const ids = asked.map(({ dagId }) => dagId);
  const fingerprints = asked.map(({ fingerprint }) => fingerprint);
  const rows = await sql<{ dag_id: string; fingerprint: string; spec: Buffer }[]>`
    select dag_id, fingerprint, spec from state_machine.dag_spec
    join unnest(${ids}::text[], ${fingerprints}::text[]) as wanted(dag_id, fingerprint)
      using (dag_id, fingerprint)`;
  return new Map(
    rows.map((row) => [keyOf({ dagId: row.dag_id, fingerprint: row.fingerprint }), row.spec]),
  );
}

/** What is asked for in one turn is read together: a batch of runs of a hundred cold DAGs costs one round trip. */
function oneStatementATurn(
  readAll: (asked: readonly Named[]) => Promise<Map<string, Buffer>>,
): (one: Named) => Promise<Buffer | undefined> {
  let asked: Named[] = [];
  let reading: Promise<Map<string, Buffer>> | undefined;
  return async (one) => {
    asked.push(one);
    reading ??= Promise.resolve().then(() => {
      const all = asked;
      asked = [];
      reading = undefined;
      return readAll(all);
    });
    return (await reading).get(keyOf(one));
  };
}

/** Null for the many that start no other run and that no other run starts. */
function linksRow(sql: Sql, spec: DagSpec) {
  const links = linksOf(spec);
  return isUnlinked(links) ? null : sql.json(JSON.parse(JSON.stringify(links)));
}

export function factsOf(spec: DagSpec, fingerprint: string): VersionFacts {
  const overlaps: Readonly<Record<number, Overlap>> = {
    [WireOverlap.SKIP]: "skip",
    [WireOverlap.CANCEL_OTHER]: "cancel_other",
    [WireOverlap.ALLOW]: "allow",
  };
  return {
    fingerprint,
    maxActiveRuns: spec.maxActiveRuns === 0 ? limits.activeRunsDefault : spec.maxActiveRuns,
    autoPauseAfter: spec.autoPauseAfter,
    overlap: overlaps[spec.schedule?.overlap ?? 0] ?? "queue",
  };
}
