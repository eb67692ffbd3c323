// Renames: which DAGs are earlier names of which (`was:`), and what an apply may say of that. Pure.
// Invariants:
//   L1. A DAG is an earlier name of at most one DAG that is not retired.
//   L2. No DAG that is not retired is an earlier name of another.

export interface NamedDag {
  readonly id: string;
  readonly was: readonly string[];
}

/** The earlier names of a DAG, and the earlier names of these: nearest first, each once, never itself. */
export function ancestorsOf(
  id: string,
  wasOf: (id: string) => readonly string[] | undefined,
): string[] {
  const found: string[] = [];
  const look = [...(wasOf(id) ?? [])];
  for (const earlier of look) {
    if (earlier === id || found.includes(earlier)) continue;
    found.push(earlier);
    look.push(...(wasOf(earlier) ?? []));
  }
  return found;
}

export interface Renames {
  readonly problems: readonly string[];
  /** Earlier names that are DAGs still: they retire with the apply that names them. */
  readonly retire: readonly string[];
}

/** `known`: the DAGs that are there, each with the names of its current version; `applied`: the folder. */
export function renamesOf(
  applied: readonly NamedDag[],
  known: readonly (NamedDag & { readonly retired: boolean })[],
): Renames {
  const now = new Map<string, NamedDag>(known.map((dag) => [dag.id, dag]));
  for (const dag of applied) now.set(dag.id, dag);
  const ancestors = (id: string): string[] => ancestorsOf(id, (name) => now.get(name)?.was);
  const folder = new Set(applied.map(({ id }) => id));
  const named = new Set(applied.flatMap(({ id }) => ancestors(id)));
  const active = new Set(known.filter(({ retired }) => !retired).map(({ id }) => id));
  const retire = [...active].filter((id) => named.has(id) && !folder.has(id));
  const stays = [...active, ...folder].filter((id) => !retire.includes(id));
  const problems: string[] = [];
  const owners = new Map<string, string>();
  for (const id of [...new Set(stays)].sort()) {
    for (const earlier of ancestors(id)) {
      if (folder.has(earlier))
        problems.push(`${id}: was ${earlier}, which is there too: it is applied under that name`);
      const owner = owners.get(earlier);
      if (owner === undefined) owners.set(earlier, id);
      else problems.push(`${id}: was ${earlier}, and so was ${owner}: want one heir of a name`);
    }
  }
  return { problems, retire };
}
