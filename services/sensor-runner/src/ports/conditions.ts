// CEL conditions of sensors, as DAG files have them. The expression language is a good part of this process's memory,
// so whoever needs it loads this file lazily.
import { compileCondition, scopeOf } from "@chasqui/dag";
import type { Json } from "../core/wait.ts";

/** Whether it holds; a text when it could not be evaluated, undefined when there is none. */
export function holds(
  condition: string | undefined,
  values: Readonly<Record<string, Json>>,
): boolean | string | undefined {
  if (condition === undefined) return undefined;
  const result = compileCondition(condition).evaluate(scopeOf(values));
  return result.ok ? result.value : result.message;
}
