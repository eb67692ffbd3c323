// The shape of a DAG: what is upstream of each task, and a cycle when there is one.

export type Needs = ReadonlyMap<string, readonly string[]>;

/** A cycle as a path that ends where it began (`a` needs `b` needs `a`), or undefined. Iterative: chains may be long. */
export function findCycle(needs: Needs): string[] | undefined {
  const done = new Set<string>();
  for (const start of needs.keys()) {
    if (done.has(start)) continue;
    const path: { id: string; next: number }[] = [{ id: start, next: 0 }];
    const onPath = new Set([start]);
    while (path.length > 0) {
      const top = path.at(-1);
      if (top === undefined) break;
      const need = needs.get(top.id)?.[top.next];
      top.next += 1;
      if (need === undefined) {
        path.pop();
        onPath.delete(top.id);
        done.add(top.id);
      } else if (onPath.has(need)) {
        const ids = path.map(({ id }) => id);
        return [...ids.slice(ids.indexOf(need)), need];
      } else if (needs.has(need) && !done.has(need)) {
        path.push({ id: need, next: 0 });
        onPath.add(need);
      }
    }
  }
  return undefined;
}

/** The given tasks and everything upstream of them. */
export function upstreamOf(needs: Needs, ids: Iterable<string>): Set<string> {
  const upstream = new Set<string>();
  const open = [...ids];
  for (let need = open.pop(); need !== undefined; need = open.pop()) {
    if (upstream.has(need)) continue;
    upstream.add(need);
    for (const next of needs.get(need) ?? []) open.push(next);
  }
  return upstream;
}
