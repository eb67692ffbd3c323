// Conditions: `when`, trigger filters, expectations. An expression that must give true or false.
import { celType } from "@bufbuild/cel";
import { quote } from "../text/suggest.ts";
import { parseExpression } from "./expression.ts";
import { bad, good } from "./result.ts";
import type { Result } from "./result.ts";
import type { Scope } from "./scope.ts";
import { describeType, typeOfCel } from "./types.ts";

export interface Condition {
  readonly text: string;
  evaluate(scope: Scope): Result<boolean>;
}

/** Compiles a condition. A text that does not parse gives a condition that always answers with the error. */
export function compileCondition(text: string): Condition {
  const parsed = parseExpression(text);
  if (!parsed.ok) {
    const failed = bad(
      `condition ${quote(text)}: ${parsed.message} at character ${parsed.offset + 1}`,
    );
    return { text, evaluate: () => failed };
  }
  return {
    text,
    evaluate(scope) {
      const result = parsed.value.evaluate(scope);
      if (!result.ok) return result;
      if (typeof result.value === "boolean") return good(result.value);
      const given = describeType(typeOfCel(celType(result.value)));
      return bad(`condition ${quote(text)} gives ${given}: want true or false`);
    },
  };
}
