// One CEL expression: parsed once, planned once, evaluated any number of times.
// Invariants:
//   E1. Parsing and evaluating never throw, whatever the text and the values are.
//   E2. An evaluation is a function of the text and the scope alone, and bounded (environment.ts).
import { isCelError, parse, plan } from "@bufbuild/cel";
import type { CelValue } from "@bufbuild/cel";
import { limits } from "../limits.ts";
import { STEP_FUNCTION, environment, withSteps } from "./environment.ts";
import { quote } from "../text/suggest.ts";
import { explainError, unknownName } from "./explain-error.ts";
import { namesOf } from "./references.ts";
import type { Expr, Names, ParsedExpression } from "./references.ts";
import { bad, good } from "./result.ts";
import type { Parsed, Result } from "./result.ts";
import type { Scope } from "./scope.ts";

export interface Expression {
  readonly text: string;
  readonly names: Names;
  readonly parsed: ParsedExpression;
  evaluate(scope: Scope): Result<CelValue>;
}

const CACHE_MAX = 4_000;
const cache = new Map<string, Parsed<Expression>>();

/** Parses an expression; equal texts are parsed once. */
export function parseExpression(text: string): Parsed<Expression> {
  const known = cache.get(text);
  if (known !== undefined) return known;
  const parsed = parseText(text);
  if (cache.size >= CACHE_MAX) cache.clear();
  cache.set(text, parsed);
  return parsed;
}

function parseText(text: string): Parsed<Expression> {
  if (text.trim() === "") return { ok: false, message: "the expression is empty", offset: 0 };
  if (text.length > limits.expressionCharsMax)
    return {
      ok: false,
      message: `the expression has ${text.length} characters: want at most ${limits.expressionCharsMax}`,
      offset: 0,
    };
  try {
    // The parser wants a line's end behind a comment.
    const parsed = parse(text.includes("//") ? `${text}\n` : text);
    const names = namesOf(parsed);
    meterLoops(parsed.expr);
    return good(planned(text, names, parsed));
  } catch (thrown) {
    return syntaxError(text, thrown);
  }
}

function planned(text: string, names: Names, parsed: ParsedExpression): Expression {
  const run = plan(environment, parsed);
  return {
    text,
    names,
    parsed,
    evaluate(scope) {
      const unknown = unknownName(names, scope);
      if (unknown !== undefined) return bad(`expression ${quote(text)}: ${unknown}`);
      try {
        const value = withSteps(() => run(scope.bindings()));
        return isCelError(value)
          ? bad(explainError(text, names, scope, value.message))
          : good(value);
      } catch (thrown) {
        return bad(explainError(text, names, scope, messageOf(thrown)));
      }
    },
  };
}

/** Wraps the condition of every loop, so that each visited element is counted. */
function meterLoops(expr: Expr | undefined): void {
  if (expr === undefined) return;
  const kind = expr.exprKind;
  switch (kind.case) {
    case "selectExpr":
      return meterLoops(kind.value.operand);
    case "callExpr":
      meterLoops(kind.value.target);
      return kind.value.args.forEach(meterLoops);
    case "listExpr":
      return kind.value.elements.forEach(meterLoops);
    case "structExpr":
      return kind.value.entries.forEach((entry) => {
        if (entry.keyKind.case === "mapKey") meterLoops(entry.keyKind.value);
        meterLoops(entry.value);
      });
    case "comprehensionExpr": {
      const loop = kind.value;
      for (const part of [loop.iterRange, loop.accuInit, loop.loopStep, loop.result])
        meterLoops(part);
      loop.loopCondition = counted(loop.loopCondition);
      return;
    }
    default:
      return;
  }
}

function counted(condition: Expr | undefined): Expr | undefined {
  if (condition === undefined) return undefined;
  return {
    $typeName: "cel.expr.Expr",
    id: condition.id,
    exprKind: {
      case: "callExpr",
      value: { $typeName: "cel.expr.Expr.Call", function: STEP_FUNCTION, args: [condition] },
    },
  };
}

const RESERVED =
  /^(as|break|const|continue|else|for|function|if|import|let|loop|package|namespace|return|var|void|while)$/;

/** The parser reports where it stopped; say what stands there instead of what grammar rules wanted. */
function syntaxError(text: string, thrown: unknown): Parsed<Expression> {
  if (thrown instanceof RangeError)
    return { ok: false, message: "the expression is nested too deeply", offset: 0 };
  const offset = offsetOf(thrown);
  if (offset === undefined) return { ok: false, message: messageOf(thrown), offset: 0 };
  const rest = text.slice(offset);
  const found = /^\s*([A-Za-z_]\w*|\d+|&&|\|\||[=!<>]=|\S)/.exec(rest)?.[1];
  if (found === undefined) return { ok: false, message: "the expression ends too early", offset };
  const message = RESERVED.test(found)
    ? `\`${found}\` is a reserved word of CEL`
    : `unexpected \`${found}\``;
  const suggestion = hintFor(text, found, text.slice(0, offset));
  return { ok: false, message, offset, ...(suggestion === undefined ? {} : { suggestion }) };
}

function hintFor(text: string, found: string, before: string): string | undefined {
  if (/\{\{/.test(text)) return "CEL has no {{ }}: write the expression by itself";
  if (/\.\s*$/.test(before))
    return `a name that CEL keeps for itself stands in brackets: ['${found}']`;
  if (/\bnot\s*$/i.test(before)) return "write ! for not";
  if (/^\s*<>/.test(text.slice(before.length))) return "compare with !=";
  if (found === "=" || found === "==" || found === "is") return "compare with ==";
  if (found === "&" || found === "|" || /^(and|or)$/i.test(found))
    return "write && for and, || for or";
  if (/^not$/i.test(found)) return "write ! for not";
  if (/['"]/.test(found)) return "is a quotation mark missing?";
  if (unbalanced(text)) return "is a closing bracket missing?";
  return undefined;
}

function unbalanced(text: string): boolean {
  return (text.match(/[([{]/g)?.length ?? 0) > (text.match(/[)\]}]/g)?.length ?? 0);
}

function offsetOf(thrown: unknown): number | undefined {
  if (typeof thrown !== "object" || thrown === null || !("location" in thrown)) return undefined;
  const { location } = thrown;
  if (typeof location !== "object" || location === null || !("start" in location)) return undefined;
  const { start } = location;
  if (typeof start !== "object" || start === null || !("offset" in start)) return undefined;
  return typeof start.offset === "number" ? start.offset : undefined;
}

const messageOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown);
