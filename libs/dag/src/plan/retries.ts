// A task's retry policy as the machine wants it.
import type { JsonValue } from "@bufbuild/protobuf";
import type { RetryRule as RuleSpec, TaskSpec } from "@chasqui/contracts";
import type { FailedAttempt, RetryPolicy, RetryRule } from "@chasqui/machine";
import { compileCondition } from "../cel/condition.ts";
import { retryScope } from "../cel/scope.ts";
import type { Scope } from "../cel/scope.ts";
import { millisOf } from "./millis.ts";
import { outcomeNames } from "./words.ts";

const DEFAULT_BACKOFF_MS = 30_000;
const DEFAULT_BACKOFF_MS_MAX = 10 * 60_000;

export function retriesOf({ retries }: TaskSpec): RetryPolicy {
  if (retries === undefined) return { max: 0, backoffMs: 0, factor: 1, backoffMsMax: 0, rules: [] };
  return {
    max: retries.max,
    backoffMs: retries.backoff === undefined ? DEFAULT_BACKOFF_MS : millisOf(retries.backoff),
    factor: retries.factor === 0 ? 1 : retries.factor,
    backoffMsMax:
      retries.maxBackoff === undefined ? DEFAULT_BACKOFF_MS_MAX : millisOf(retries.maxBackoff),
    rules: retries.rules.map(ruleOf),
  };
}

function ruleOf(rule: RuleSpec): RetryRule {
  const condition = compileCondition(rule.when);
  return {
    when: (attempt) => condition.evaluate(scopeOfFailure(attempt)),
    outcome: outcomeNames[rule.then] ?? "fail",
    backoffMs: rule.backoff === undefined ? undefined : millisOf(rule.backoff),
    text: rule.when,
  };
}

/** The exit code, when there is one, is part of the evidence. */
function scopeOfFailure({ attempt, failure }: FailedAttempt): Scope {
  const evidence = isObject(failure.evidence) ? failure.evidence : {};
  const exitCode = evidence["exit_code"] ?? evidence["exitCode"];
  const facts = {
    class: failure.class,
    message: failure.message,
    evidence: evidence as JsonValue,
    ...(typeof exitCode === "number" ? { exitCode } : {}),
  };
  return retryScope(facts, attempt);
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
