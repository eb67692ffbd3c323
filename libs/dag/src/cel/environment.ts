// The functions that expressions may call, and the bound on how much one evaluation may do.
// Beyond CEL's own and its string extension: int and double mix in arithmetic (a JSON 10 is an int and a
// JSON 10.5 a double, and nobody wants `cost * 1.1` to depend on that), and `date.plusDays(n)`.
// Invariant: an evaluation visits at most `expressionStepsMax` elements, whatever its input.
import { CelScalar, celEnv, celFunc, celMethod, listType } from "@bufbuild/cel";
import type { CelEnv, CelFunc } from "@bufbuild/cel";
import { strings } from "@bufbuild/cel/ext";
import { concatLists } from "./concat.ts";
import { limits } from "../limits.ts";
import { plusDays } from "../time/dates.ts";

const { INT, DOUBLE, STRING, DYN } = CelScalar;
const LIST = listType(DYN);

/** The name of the call that `meterLoops` puts around each loop condition; no author can write it. */
export const STEP_FUNCTION = "@step";

let stepsLeft = 0;

/** Runs one evaluation with a fresh allowance. Evaluations are synchronous and never nest. */
export function withSteps<T>(evaluate: () => T): T {
  stepsLeft = limits.expressionStepsMax;
  return evaluate();
}

const mixed: CelFunc[] = (
  [
    ["_+_", (a: number, b: number) => a + b],
    ["_-_", (a: number, b: number) => a - b],
    ["_*_", (a: number, b: number) => a * b],
    ["_/_", (a: number, b: number) => a / b],
  ] as const
).flatMap(([name, apply]) => [
  celFunc(name, [INT, DOUBLE], DOUBLE, (a, b) => apply(Number(a), b)),
  celFunc(name, [DOUBLE, INT], DOUBLE, (a, b) => apply(a, Number(b))),
]);

const own: CelFunc[] = [
  ...mixed,
  celFunc("_+_", [LIST, LIST], LIST, concatLists),
  celMethod("plusDays", STRING, [INT], STRING, function (days) {
    return plusDays(this, Number(days));
  }),
  celFunc(STEP_FUNCTION, [DYN], DYN, (condition) => {
    stepsLeft -= 1;
    if (stepsLeft < 0)
      throw new RangeError(
        `the expression visits more than ${limits.expressionStepsMax.toLocaleString("en")} elements`,
      );
    return condition;
  }),
];

export const environment: CelEnv = celEnv({ funcs: [...strings, ...own] });

/** Names of functions and macros that an author may call. */
export const functionNames: readonly string[] = [
  ...new Set(
    [...environment.funcs].map((func) => func.name).filter((name) => /^[a-z]/i.test(name)),
  ),
  ...["has", "all", "exists", "exists_one", "map", "filter"],
].sort();

/** CEL's names of types, which stand for themselves: `type(x) == int`. */
export const typeNames: readonly string[] = [
  ...["int", "uint", "double", "bool", "string", "bytes", "list", "map", "null_type", "type"],
];
