// `retries`: a number, or a map of max, backoff, factor, max_backoff, on and rules. A task's fields win over those
// of its group, and these over the DAG's defaults, one by one.
import { create } from "@bufbuild/protobuf";
import type { JsonValue } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { RetryOutcome, RetryPolicySchema, RetryRuleSchema } from "@chasqui/contracts";
import type { RetryPolicy, RetryRule } from "@chasqui/contracts";
import { failureClasses } from "@chasqui/machine";
import { any, int, mapOf, text } from "../cel/types.ts";
import { limits } from "../limits.ts";
import { quote } from "../text/suggest.ts";
import type { Path } from "../yaml/source.ts";
import { conditionOf, noteCondition, readCondition } from "./check-expressions.ts";
import { readDuration, readList, readMap, readNumber, readWord } from "./reader.ts";
import type { Reader } from "./reader.ts";
import {
  defaults,
  failureScopeFields,
  retryFields,
  retryOutcomeWords,
  retryRoots,
  retryRuleFields,
} from "./words.ts";

export interface Retries {
  readonly max?: number | undefined;
  readonly backoffMs?: number | undefined;
  readonly factor?: number | undefined;
  readonly backoffMsMax?: number | undefined;
  /** Only failures of these classes are repeated. */
  readonly on?: readonly string[] | undefined;
  readonly rules?: readonly RetryRule[] | undefined;
}

const maxRule = { min: 0, max: limits.retriesMax, integer: true } as const;
const factorRule = { min: 1, max: 100, integer: false } as const;

export function readRetries(
  reader: Reader,
  path: Path,
  value: JsonValue | undefined,
  name: string,
): Retries {
  if (value === undefined) return {};
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return { max: readNumber(reader, path, value, name, maxRule) };
  const fields = readMap(reader, path, value, name, retryFields) ?? {};
  const { max, backoff, factor, max_backoff: maxBackoff, on, rules } = fields;
  const zero = { zero: true };
  return {
    max: readNumber(reader, [...path, "max"], max, `${name} max`, maxRule),
    backoffMs: readDuration(reader, [...path, "backoff"], backoff, `${name} backoff`, zero),
    factor: readNumber(reader, [...path, "factor"], factor, `${name} factor`, factorRule),
    backoffMsMax: readDuration(reader, [...path, "max_backoff"], maxBackoff, `${name} max_backoff`),
    on: on === undefined ? undefined : readClasses(reader, [...path, "on"], on, `${name} on`),
    rules:
      rules === undefined
        ? undefined
        : readRules(reader, [...path, "rules"], rules, `${name} rules`),
  };
}

const classWords = Object.fromEntries(failureClasses.map((name) => [name, name]));

function readClasses(reader: Reader, path: Path, value: JsonValue, name: string): string[] {
  const list = readList(reader, path, value, name);
  if (Array.isArray(value) && list.length === 0)
    reader.note(path, `${name} is empty: want failure classes, or max: 0`);
  const classes = list.flatMap(
    (item, index) => readWord(reader, [...path, index], item, name, classWords) ?? [],
  );
  return [...new Set(classes)].sort();
}

function readRules(reader: Reader, path: Path, value: JsonValue, name: string): RetryRule[] {
  const list = readList(reader, path, value, name);
  if (list.length > limits.retryRulesMax)
    reader.note(path, `${name}: ${list.length} rules: want at most ${limits.retryRulesMax}`);
  return list.flatMap((item, index) => readRule(reader, [...path, index], item, name) ?? []);
}

const known = {
  roots: retryRoots,
  fields: { failure: failureScopeFields },
  types: {
    failure: mapOf({ class: text, message: text, exit_code: int, evidence: any }),
    attempt: int,
  },
};

function readRule(
  reader: Reader,
  path: Path,
  value: JsonValue,
  name: string,
): RetryRule | undefined {
  const fields = readMap(reader, path, value, `a rule of ${name}`, retryRuleFields);
  if (fields === undefined) return undefined;
  const { when, then: outcome, backoff } = fields;
  for (const field of ["when", "then"] as const)
    if (fields[field] === undefined)
      reader.note(path, `a rule of ${name} has no ${quote(field)}`, {
        suggestion: 'write { when: "failure.exit_code == 99", then: skip }',
      });
  const whenPath = [...path, "when"];
  const want = "a condition over failure and attempt";
  const condition = readCondition(reader, whenPath, when, `${name} when`, want);
  if (condition !== undefined) noteCondition(reader, whenPath, `${name} when`, condition, known);
  const then = readWord(reader, [...path, "then"], outcome, `${name} then`, retryOutcomeWords);
  const backoffPath = [...path, "backoff"];
  const backoffMs = readDuration(reader, backoffPath, backoff, `${name} backoff`, { zero: true });
  if (backoffMs !== undefined && then !== undefined && then !== RetryOutcome.RETRY)
    reader.note(backoffPath, `${name}: only what is repeated waits: want then: retry`);
  return create(RetryRuleSchema, {
    when: conditionOf(condition),
    then: then ?? RetryOutcome.UNSPECIFIED,
    ...(backoffMs === undefined ? {} : { backoff: durationFromMs(backoffMs) }),
  });
}

/** The policy with every default written out; undefined when nothing is repeated and nothing skips. */
export function retryPolicy(layers: readonly Retries[]): RetryPolicy | undefined {
  const first = <K extends keyof Retries>(field: K): Retries[K] =>
    layers.find((layer) => layer[field] !== undefined)?.[field];
  const max = first("max") ?? 0;
  const rules = [...(first("rules") ?? []), ...onlyOn(first("on"))];
  if (max === 0) {
    // Without repeats a rule can only skip, and waits mean nothing.
    if (!rules.some(({ then }) => then === RetryOutcome.SKIP)) return undefined;
    return create(RetryPolicySchema, { factor: 1, rules });
  }
  const backoffMs = first("backoffMs") ?? defaults.backoffMs;
  const backoffMsMax = first("backoffMsMax") ?? defaults.backoffMsMax;
  return create(RetryPolicySchema, {
    max,
    backoff: durationFromMs(backoffMs),
    factor: first("factor") ?? defaults.factor,
    maxBackoff: durationFromMs(Math.max(backoffMs, backoffMsMax)),
    rules,
  });
}

/** `on` is short for a last rule. */
function onlyOn(classes: readonly string[] | undefined): RetryRule[] {
  if (classes === undefined || classes.length === 0) return [];
  const list = classes.map((name) => `'${name}'`).join(", ");
  const when = `!(failure.class in [${list}])`;
  return [create(RetryRuleSchema, { when, then: RetryOutcome.FAIL })];
}
