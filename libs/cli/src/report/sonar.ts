// SonarQube's generic issue format: what a quality gate reads through sonar.externalIssuesReportPaths.
// Invariant: a range lies within its line; one that does not would end the whole analysis with an error.
import { formatPolicy } from "@chasqui/dag";
import type { Problem } from "@chasqui/dag";
import type { FileVerdict, Verdict } from "./verdict.ts";
import { wordsOf } from "./verdict.ts";

const ENGINE = "chasqui";

interface Rule {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly grave: boolean;
}

const COMPILER: readonly Rule[] = [
  {
    id: "dag-invalid",
    name: "A DAG must compile",
    description: "The file says something that Chasqui cannot run. It would not be applied.",
    grave: true,
  },
  {
    id: "dag-doubtful",
    name: "A DAG should say what it means",
    description: "The file compiles, and yet is probably not what was meant.",
    grave: false,
  },
];

export function sonarReport({ files, policies }: Verdict): object {
  const rules = [
    ...COMPILER,
    ...policies.map(({ policy, severity }): Rule => {
      const { id, about, rule, place } = policy;
      return {
        id: `policy-${id}`,
        name: about,
        description: formatPolicy({ id, rule: rule.text, place }),
        grave: severity === "deny",
      };
    }),
  ];
  return {
    rules: rules.map(toRule),
    issues: files.flatMap((file) => file.problems.map((problem) => toIssue(file, problem))),
  };
}

/** Severity twice: for servers that count in types, and for those that count in impacts. */
function toRule({ id, name, description, grave }: Rule): object {
  return {
    id,
    name,
    description,
    engineId: ENGINE,
    cleanCodeAttribute: "CONVENTIONAL",
    type: "CODE_SMELL",
    severity: grave ? "CRITICAL" : "MINOR",
    impacts: [{ softwareQuality: "MAINTAINABILITY", severity: grave ? "HIGH" : "LOW" }],
  };
}

const ruleOf = ({ policy, severity }: Problem): string =>
  policy === undefined
    ? severity === "error"
      ? "dag-invalid"
      : "dag-doubtful"
    : `policy-${policy.id}`;

function toIssue({ file, text }: FileVerdict, problem: Problem): object {
  const { line, column } = problem;
  const length = text.split(/\r?\n/)[line - 1]?.length ?? 0;
  const columns = column - 1 < length ? { startColumn: column - 1, endColumn: length } : {};
  return {
    ruleId: ruleOf(problem),
    primaryLocation: {
      message: wordsOf(problem),
      filePath: file,
      textRange: { startLine: line, endLine: line, ...columns },
    },
  };
}
