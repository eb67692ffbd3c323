// What the server finds in DAGs, at the places of their files: it knows its own kinds, connections and policies.
import type { DagFinding } from "@chasqui/contracts";
import type { Path, Problem, Source } from "@chasqui/dag";
import { locateProblem, sortProblems } from "@chasqui/dag";
import type { DagFile } from "./dag-files.ts";
import type { Server } from "./server.ts";

/** The same files; one that the server would refuse does not compile any more. */
export async function checkedOnServer(
  server: Server,
  dags: readonly DagFile[],
  retireDagIds: readonly string[] = [],
): Promise<DagFile[]> {
  const specs = dags.flatMap(({ compiled }) => (compiled.ok ? [compiled.spec] : []));
  if (specs.length === 0) return [...dags];
  const { findings } = await server.dags.checkDags({
    dags: specs,
    retireDagIds: [...retireDagIds],
  });
  return dags.map((dag) => withFindings(dag, findings));
}

function withFindings(dag: DagFile, findings: readonly DagFinding[]): DagFile {
  const { compiled } = dag;
  if (!compiled.ok) return dag;
  const own = findings.filter(({ dagId }) => dagId === compiled.spec.id);
  if (own.length === 0) return dag;
  const problems = sortProblems([
    ...compiled.warnings,
    ...own.map((finding) => toProblem(finding, compiled.source)),
  ]);
  return {
    ...dag,
    compiled: own.some(({ denied }) => denied)
      ? { ok: false, problems }
      : { ...compiled, warnings: problems },
  };
}

function toProblem({ message, path, denied, policy }: DagFinding, source: Source): Problem {
  const place = locateProblem(source, stepsOf(path, source.value));
  const severity = denied ? "error" : "warning";
  if (policy === undefined) return { ...place, message, severity };
  const { policyId: id, rule, place: stands } = policy;
  return { ...place, message, severity, policy: { id, rule, place: stands } };
}

/** On the wire every step is text; a step into a list is a number. */
function stepsOf(path: readonly string[], value: unknown): Path {
  let around: unknown = value;
  return path.map((step) => {
    const key = Array.isArray(around) && /^\d{1,9}$/.test(step) ? Number(step) : step;
    around = typeof around === "object" && around !== null ? Reflect.get(around, key) : undefined;
    return key;
  });
}
