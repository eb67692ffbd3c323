// Circles among DAG files whose runs would start each other for ever, as problems of the files that say so.
// Those that go through DAGs which are not among the files are the server's to find.
import { circlesOf, linksOf, locateProblem, sortProblems } from "@chasqui/dag";
import type { DagFile } from "./dag-files.ts";

/** The same files; one in which a circle is told does not compile any more. */
export function withCircles(dags: readonly DagFile[]): DagFile[] {
  const links = dags.flatMap(({ compiled }) => (compiled.ok ? [linksOf(compiled.spec)] : []));
  const circles = circlesOf(links, new Set(links.map(({ dagId }) => dagId)));
  if (circles.length === 0) return [...dags];
  return dags.map((dag) => {
    const { compiled } = dag;
    if (!compiled.ok) return dag;
    const own = circles.filter(({ dagId }) => dagId === compiled.spec.id);
    if (own.length === 0) return dag;
    const problems = own.map(({ path, message }) => ({
      ...{ ...locateProblem(compiled.source, path), message, severity: "error" as const },
    }));
    return {
      ...dag,
      compiled: { ok: false, problems: sortProblems([...compiled.warnings, ...problems]) },
    };
  });
}
