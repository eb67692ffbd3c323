// A policy: one rule of an installation over every compiled DAG, or over every task.
// It is data with two compiled expressions; who may break it, and where, depends on the environment alone.
import type { Condition } from "../cel/condition.ts";
import type { Path } from "../yaml/source.ts";

/** `deny`: such a DAG is not applied. `warn`: it is, and people are told. */
export type Severity = "warn" | "deny";

/** What the rule is asked about. */
export type Subject = "dag" | "task";

export interface Policy {
  readonly id: string;
  /** One sentence: why it is there. */
  readonly about: string;
  readonly each: Subject;
  /** By environment; `default` for those that are not named. */
  readonly severity: Readonly<Record<string, Severity | "off">>;
  /** Absent: always asked. */
  readonly when: Condition | undefined;
  readonly rule: Condition;
  /** A template; empty means `about`. */
  readonly message: string;
  /** The field that the rule is about, below the subject; empty means the subject itself. */
  readonly at: Path;
  /** Where the rule stands: `policies/images.yaml:12:11`. */
  readonly place: string;
}

/** Undefined where the policy does not hold. */
export function severityIn(policy: Policy, environment: string): Severity | undefined {
  const own = Object.hasOwn(policy.severity, environment)
    ? policy.severity[environment]
    : undefined;
  const severity = own ?? policy.severity["default"] ?? "off";
  return severity === "off" ? undefined : severity;
}
