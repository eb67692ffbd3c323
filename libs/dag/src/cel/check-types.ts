// The types of an expression before it ever runs: what it gives, and what in it can never work.
// Invariant: an expression without findings may still fail when it runs, but one with findings has a part that fails
// in every scope of the given types, or a comparison that is never true.
import type { CelFunc } from "@bufbuild/cel";
import { listNames, nearest, quote } from "../text/suggest.ts";
import { environment } from "./environment.ts";
import type { Expr, ParsedExpression } from "./references.ts";
import {
  any,
  bool,
  canEqual,
  describeType,
  either,
  eitherOf,
  fits,
  listOf,
  mapOf,
  text,
  typeOfCel,
} from "./types.ts";
import type { Type } from "./types.ts";

export interface TypeProblem {
  readonly message: string;
  readonly offset: number;
  readonly suggestion?: string | undefined;
}

export interface Checked {
  readonly type: Type;
  readonly problems: readonly TypeProblem[];
}

/** Types by root; a root that is not listed may be anything. */
export type RootTypes = Readonly<Record<string, Type>>;

const overloads = new Map<string, CelFunc[]>();
for (const func of environment.funcs)
  overloads.set(func.name, [...(overloads.get(func.name) ?? []), func]);

type Kind<Case extends string> =
  Extract<Expr["exprKind"], { case: Case }> extends { value: infer V } ? V : never;
type Bound = ReadonlyMap<string, Type>;

export function checkTypes(parsed: ParsedExpression, roots: RootTypes): Checked {
  const problems: TypeProblem[] = [];
  const positions = parsed.sourceInfo?.positions ?? {};
  const note = (expr: Expr, message: string, suggestion?: string): Type => {
    problems.push({ message, offset: positions[String(expr.id)] ?? 0, suggestion });
    return any;
  };

  function typeOf(expr: Expr | undefined, bound: Bound): Type {
    if (expr === undefined) return any;
    const kind = expr.exprKind;
    switch (kind.case) {
      case "constExpr":
        return typeOfConstant(kind.value.constantKind.case);
      case "identExpr":
        return bound.get(kind.value.name) ?? roots[kind.value.name] ?? any;
      case "selectExpr": {
        const operand = typeOf(kind.value.operand, bound);
        if (kind.value.testOnly) return bool;
        return fieldOf(expr, operand, kind.value.field);
      }
      case "callExpr":
        return typeOfCall(expr, kind.value, bound);
      case "listExpr":
        return listOf(eitherOf(kind.value.elements.map((element) => typeOf(element, bound))));
      case "structExpr":
        return typeOfMap(kind.value, bound);
      case "comprehensionExpr":
        return typeOfLoop(kind.value, bound);
      default:
        return any;
    }
  }

  function fieldOf(expr: Expr, operand: Type, field: string): Type {
    if (operand.kind === "any") return any;
    if (operand.kind !== "map")
      return note(expr, `${describeType(operand)} has no field ${quote(field)}`);
    const type = Object.hasOwn(operand.fields, field) ? operand.fields[field] : operand.rest;
    if (type !== undefined) return type;
    const known = Object.keys(operand.fields);
    const near = nearest(field, known);
    return note(
      expr,
      `no field ${quote(field)}: there is ${listNames(known)}`,
      near === undefined ? undefined : `did you mean ${quote(near)}?`,
    );
  }

  function typeOfMap(struct: Kind<"structExpr">, bound: Bound): Type {
    const fields: [string, Type][] = [];
    for (const { keyKind, value } of struct.entries) {
      const type = typeOf(value, bound);
      const key = keyKind.case === "mapKey" ? keyKind.value : undefined;
      typeOf(key, bound);
      const name = constantText(key);
      if (name !== undefined) fields.push([name, type]);
    }
    return mapOf(Object.fromEntries(fields), any);
  }

  function typeOfLoop(loop: Kind<"comprehensionExpr">, bound: Bound): Type {
    const range = typeOf(loop.iterRange, bound);
    if (loop.iterRange !== undefined && range.kind === "scalar")
      note(loop.iterRange, `${describeType(range)} has no elements: want a list or a map`);
    const item = range.kind === "list" ? range.of : range.kind === "map" ? text : any;
    const accumulated = typeOf(loop.accuInit, bound);
    const start = new Map(bound).set(loop.iterVar, item).set(loop.accuVar, accumulated);
    if (loop.iterVar2 !== "") start.set(loop.iterVar, any).set(loop.iterVar2, any);
    typeOf(loop.loopCondition, start);
    const stepped = typeOf(loop.loopStep, start);
    const result = accumulated.kind === "list" && stepped.kind === "list" ? stepped : accumulated;
    return typeOf(loop.result, new Map(start).set(loop.accuVar, result));
  }

  function typeOfCall(expr: Expr, call: Kind<"callExpr">, bound: Bound): Type {
    const { function: name, target, args } = call;
    const isNamespaced =
      target?.exprKind.case === "identExpr" &&
      overloads.has(`${target.exprKind.value.name}.${name}`);
    const types = args.map((arg) => typeOf(arg, bound));
    const [first = any, second = any, third = any] = types;
    switch (name) {
      case "_&&_":
      case "_||_":
        for (const [index, arg] of args.entries()) wantBool(arg, types[index] ?? any, name);
        return bool;
      case "_?_:_":
        if (args[0] !== undefined) wantBool(args[0], first, "?");
        return either(second, third);
      case "_==_":
      case "_!=_":
        if (!canEqual(first, second))
          note(expr, `${describeType(first)} is never equal to ${describeType(second)}`);
        return bool;
      case "_[_]":
        return elementOf(expr, first, second, constantText(args[1]));
      default:
        return isNamespaced
          ? apply(expr, `${nameOf(target)}.${name}`, undefined, types)
          : apply(expr, name, target === undefined ? undefined : typeOf(target, bound), types);
    }
  }

  function wantBool(arg: Expr, type: Type, operator: string): void {
    if (!fits(type, bool))
      note(arg, `${quote(plainName(operator))} wants true or false, not ${describeType(type)}`);
  }

  function elementOf(expr: Expr, operand: Type, index: Type, key: string | undefined): Type {
    if (operand.kind === "list") {
      if (!fits(index, typeOfIndex) && index.kind === "scalar" && index.name === "string")
        return note(expr, "a list has integers as indexes, not text");
      return operand.of;
    }
    if (operand.kind === "scalar") return note(expr, `${describeType(operand)} has no elements`);
    if (operand.kind !== "map") return any;
    const isField = key !== undefined && Object.hasOwn(operand.fields, key);
    return (isField ? operand.fields[key] : undefined) ?? operand.rest ?? any;
  }

  /** The results of the overloads that fit; none of them is a finding. */
  function apply(expr: Expr, name: string, target: Type | undefined, args: readonly Type[]): Type {
    const known = overloads.get(name);
    if (known === undefined) return any; // check-names says it
    const fitting = known.filter(
      (func) =>
        (func.target === undefined) === (target === undefined) &&
        func.arguments.length === args.length &&
        (func.target === undefined ||
          target === undefined ||
          fits(target, typeOfCel(func.target))) &&
        func.arguments.every((wanted, index) => fits(args[index] ?? any, typeOfCel(wanted))),
    );
    const given = [...(target === undefined ? [] : [target]), ...args];
    if (fitting.length > 0) return resultOf(fitting, given);
    const said = given.map(describeType).join(given.length === 2 ? " and " : ", ");
    return note(
      expr,
      `${quote(plainName(name))} cannot be applied to ${said === "" ? "nothing" : said}`,
    );
  }

  return { type: typeOf(parsed.expr, new Map()), problems };
}

const typeOfIndex: Type = { kind: "scalar", name: "int" };

function resultOf(fitting: readonly CelFunc[], given: readonly Type[]): Type {
  const [only] = fitting;
  if (fitting.length === 1 && only?.name === "_+_" && given.every(({ kind }) => kind === "list"))
    return eitherOf(given);
  return eitherOf(fitting.map((func) => typeOfCel(func.result)));
}

function typeOfConstant(kind: string | undefined): Type {
  switch (kind) {
    case "boolValue":
      return bool;
    case "stringValue":
      return text;
    case "int64Value":
      return typeOfIndex;
    case "uint64Value":
      return { kind: "scalar", name: "uint" };
    case "doubleValue":
      return { kind: "scalar", name: "double" };
    case "nullValue":
      return { kind: "scalar", name: "null_type" };
    case "bytesValue":
      return { kind: "scalar", name: "bytes" };
    default:
      return any;
  }
}

function constantText(expr: Expr | undefined): string | undefined {
  if (expr?.exprKind.case !== "constExpr") return undefined;
  const { constantKind } = expr.exprKind.value;
  return constantKind.case === "stringValue" ? constantKind.value : undefined;
}

const nameOf = (expr: Expr | undefined): string =>
  expr?.exprKind.case === "identExpr" ? expr.exprKind.value.name : "";

/** `_+_` as an author writes it. */
export const plainName = (name: string): string =>
  name === "@in"
    ? "in"
    : /^[a-z]/i.test(name)
      ? name
      : name.replace(/^_|_$/g, "").replaceAll("_", "");
