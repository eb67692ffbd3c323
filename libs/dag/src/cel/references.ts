// Which names an expression uses, and where: the basis of "unknown name" errors, of the check that a task
// reads only what is upstream of it, and of loading only the outputs that are named.
import type { parse } from "@bufbuild/cel";

export type ParsedExpression = ReturnType<typeof parse>;
export type Expr = ParsedExpression["expr"];

/** `tasks['my-task'].output.n` is root `tasks`, path [my-task, output, n]. */
export interface Reference {
  readonly root: string;
  /** The constant steps after the root, as far as they are constant. */
  readonly path: readonly string[];
  /** False when what follows the path is computed, as in `tasks[params.name]`. */
  readonly whole: boolean;
  /** True inside has(…): the last step may be missing. */
  readonly tested: boolean;
  readonly offset: number;
}

export interface Call {
  readonly name: string;
  readonly offset: number;
}

export interface Names {
  readonly references: readonly Reference[];
  readonly calls: readonly Call[];
}

interface Chain {
  readonly root: string;
  readonly path: string[];
  readonly whole: boolean;
  readonly offset: number;
}

/** Collects names; variables of macros are not names. */
export function namesOf(parsed: ParsedExpression): Names {
  const references: Reference[] = [];
  const calls: Call[] = [];
  const positions = parsed.sourceInfo?.positions ?? {};
  const offsetOf = (expr: Expr): number => positions[String(expr.id)] ?? 0;

  /** Notes the chain that ends at `expr`; false when `expr` is no chain. */
  function noteChain(expr: Expr, bound: ReadonlySet<string>, tested: boolean): boolean {
    const chain = chainOf(expr, offsetOf, (computed) => visit(computed, bound));
    if (chain === undefined) return false;
    if (!bound.has(chain.root)) references.push({ ...chain, tested });
    return true;
  }

  function visit(expr: Expr | undefined, bound: ReadonlySet<string>): void {
    if (expr === undefined) return;
    const kind = expr.exprKind;
    if (kind.case === "identExpr" || kind.case === "selectExpr" || isIndex(expr)) {
      const tested = kind.case === "selectExpr" && kind.value.testOnly;
      if (noteChain(expr, bound, tested)) return;
    }
    switch (kind.case) {
      case "selectExpr":
        return visit(kind.value.operand, bound);
      case "callExpr": {
        const { target, args } = kind.value;
        calls.push({ name: qualified(target, kind.value.function), offset: offsetOf(expr) });
        if (!isNamespace(target)) visit(target, bound);
        return args.forEach((arg) => visit(arg, bound));
      }
      case "listExpr":
        return kind.value.elements.forEach((element) => visit(element, bound));
      case "structExpr":
        return kind.value.entries.forEach((entry) => {
          if (entry.keyKind.case === "mapKey") visit(entry.keyKind.value, bound);
          visit(entry.value, bound);
        });
      case "comprehensionExpr": {
        const { iterVar, iterVar2, accuVar, iterRange, accuInit } = kind.value;
        visit(iterRange, bound);
        visit(accuInit, bound);
        const inner = new Set([...bound, iterVar, iterVar2, accuVar]);
        visit(kind.value.loopCondition, inner);
        visit(kind.value.loopStep, inner);
        return visit(kind.value.result, inner);
      }
      default:
        return;
    }
  }
  visit(parsed.expr, new Set());
  return { references, calls };
}

/** Functions of the string extension that are called as `strings.quote(…)`. */
const NAMESPACES: ReadonlySet<string> = new Set(["strings"]);

const isNamespace = (expr: Expr | undefined): boolean =>
  expr?.exprKind.case === "identExpr" && NAMESPACES.has(expr.exprKind.value.name);

function qualified(target: Expr | undefined, name: string): string {
  return target?.exprKind.case === "identExpr" && isNamespace(target)
    ? `${target.exprKind.value.name}.${name}`
    : name;
}

function isIndex(expr: Expr): boolean {
  return expr.exprKind.case === "callExpr" && expr.exprKind.value.function === "_[_]";
}

function chainOf(
  expr: Expr,
  offsetOf: (expr: Expr) => number,
  computed: (expr: Expr | undefined) => void,
): Chain | undefined {
  const kind = expr.exprKind;
  switch (kind.case) {
    case "identExpr":
      return { root: kind.value.name, path: [], whole: true, offset: offsetOf(expr) };
    case "selectExpr": {
      const chain = kind.value.operand && chainOf(kind.value.operand, offsetOf, computed);
      return chain && step(chain, kind.value.field);
    }
    case "callExpr": {
      const [operand, index] = kind.value.args;
      if (!isIndex(expr) || operand === undefined) return undefined;
      const chain = chainOf(operand, offsetOf, computed);
      if (chain === undefined) return undefined;
      const key = constantString(index);
      if (key !== undefined) return step(chain, key);
      computed(index);
      return { ...chain, whole: false };
    }
    default:
      return undefined;
  }
}

function step(chain: Chain, field: string): Chain {
  return chain.whole ? { ...chain, path: [...chain.path, field] } : chain;
}

function constantString(expr: Expr | undefined): string | undefined {
  if (expr?.exprKind.case !== "constExpr") return undefined;
  const { constantKind } = expr.exprKind.value;
  return constantKind.case === "stringValue" ? constantKind.value : undefined;
}
