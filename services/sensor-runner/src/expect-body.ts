// Whether a response's body is what a wait expects: CEL over `response`, as DAG files have it.
import { compileCondition, scopeOf } from "@chasqui/dag";
import { cleanText } from "./core/clean.ts";
import type { Answer } from "./core/wait.ts";

/** Undefined when nothing is expected of the body; a text when the expectation could not be evaluated. */
export function bodyFits(
  expectation: string | undefined,
  answer: Answer,
): boolean | string | undefined {
  if (expectation === undefined || answer.kind !== "response") return undefined;
  const { status, headers, body } = answer;
  const result = compileCondition(expectation).evaluate(
    scopeOf({ response: { status, headers: { ...headers }, body } }),
  );
  return result.ok ? result.value : cleanText(result.message);
}
