// Runs that wait for each other: told by name, for none of them can end by itself. Pure.

/** A task of a run waits for another run. */
export interface Waits {
  readonly runId: string;
  readonly dagId: string;
  readonly task: string;
  readonly forRunId: string;
}

/** The shortest way from a run back to itself, if there is one. */
export function circleThrough(runId: string, all: readonly Waits[]): readonly Waits[] | undefined {
  const from = Map.groupBy(all, (one) => one.runId);
  const seen = new Set<string>();
  let ways: (readonly Waits[])[] = [[]];
  while (ways.length > 0) {
    const longer: (readonly Waits[])[] = [];
    for (const way of ways)
      for (const step of from.get(way.at(-1)?.forRunId ?? runId) ?? []) {
        if (step.forRunId === runId) return [...way, step];
        if (seen.has(step.forRunId)) continue;
        seen.add(step.forRunId);
        longer.push([...way, step]);
      }
    ways = longer;
  }
  return undefined;
}

/** `release/own of run-a → prices/all of run-b → run-a` */
export const circleInWords = (circle: readonly Waits[]): string =>
  [
    ...circle.map(({ dagId, task, runId }) => `${dagId}/${task} of ${runId}`),
    circle[0]?.runId ?? "",
  ].join(" → ");
