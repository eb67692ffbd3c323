// A folder of DAGs judged as a whole: each by the installation's rules, and together with the DAGs that would be beside
// them, for circles of runs that start each other for ever.
import type { DagSpec } from "@chasqui/contracts";
import { circlesOf, linksOf } from "@chasqui/dag";
import type { Sql } from "postgres";
import type { DagRules, Finding } from "../dag-rules.ts";
import { linkedDags } from "../store/links.ts";

export interface JudgeFolderOptions {
  readonly sql: Sql;
  readonly rules: DagRules;
}

/** `retired`: those that retire with the folder; the ones that it renames do too. */
export async function judgeFolder(
  { sql, rules }: JudgeFolderOptions,
  specs: readonly DagSpec[],
  retired: readonly string[],
): Promise<Finding[]> {
  const findings = await rules.judge(specs);
  const own = specs.map(linksOf);
  const gone = new Set([...retired, ...specs.flatMap(({ id, was }) => [id, ...was])]);
  const others = (await linkedDags(sql)).filter(({ dagId }) => !gone.has(dagId));
  const circles = circlesOf([...own, ...others], new Set(specs.map(({ id }) => id)));
  const told = circles.map(({ dagId, path, message }): Finding => ({
    dagId,
    path: path.map(String),
    message,
    denied: true,
  }));
  return [...findings, ...told];
}
