// What is wrong with a DAG file, where, and what would be right.
// A problem is data; how it looks to people is `formatProblem`, the same in CLI, console and logs.

export interface Position {
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1, in UTF-16 units. */
  readonly column: number;
}

export interface Problem extends Position {
  readonly file: string;
  readonly message: string;
  /** What would probably be right, for example "did you mean `aggregate`?". */
  readonly suggestion?: string;
  readonly severity: "error" | "warning";
  /** The policy that says so. */
  readonly policy?: PolicyRef;
}

export interface PolicyRef {
  readonly id: string;
  /** The rule's text. */
  readonly rule: string;
  /** Where the rule stands: `policies/images.yaml:12:11`. */
  readonly place: string;
}

/** `carrier-costs.yaml:14:9: task "mail" needs "agregate": no such task; did you mean "aggregate"?` */
export function formatProblem(problem: Problem): string {
  const { file, line, column, severity, message, suggestion, policy } = problem;
  const where = `${file}:${line}:${column}: ${severity === "warning" ? "warning: " : ""}`;
  const more = suggestion === undefined ? "" : `; ${suggestion}`;
  return `${where}${message}${more}${policy === undefined ? "" : ` (${formatPolicy(policy)})`}`;
}

/** `policy images-pinned, policies/images.yaml:12:11: task.with.image.contains('@sha256:')` */
export const formatPolicy = ({ id, place, rule }: PolicyRef): string =>
  `policy ${id}, ${place}: ${rule.replace(/\s+/g, " ")}`;

/** Problems in reading order; the same finding at the same place is listed once. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>();
  const unique = problems.filter((problem) => {
    const text = formatProblem(problem);
    if (seen.has(text)) return false;
    seen.add(text);
    return true;
  });
  return unique.sort(
    (a, b) => a.line - b.line || a.column - b.column || (a.message < b.message ? -1 : 1),
  );
}
