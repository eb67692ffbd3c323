// Expressions in TypeScript: what a path leads to has a type, so that an edge to nothing fails the type check.
// An expression writes itself: in a text as `${tasks.load.output.rows}`, in another expression as CEL.
import type { JsonValue } from "@bufbuild/protobuf";

const CEL = Symbol("cel");
declare const TYPE: unique symbol;

/** Something that is known when the DAG runs, and of which type it is then. */
export interface Expr<out T> {
  readonly [CEL]: string;
  readonly [TYPE]?: T;
  toString(): string;
  toJSON(): string;
}

/** An expression with the paths that lead on from it; of which nothing is known, that fits everywhere. */
export type Ref<T> = unknown extends T ? Expr<never> : Expr<T> & Inner<NonNullable<T>>;

type Inner<T> = T extends readonly unknown[]
  ? unknown
  : T extends object
    ? { readonly [K in keyof T]-?: unknown extends T[K] ? Expr<never> : Ref<NonNullable<T[K]>> }
    : unknown;

/** What may stand in a CEL text. */
type Piece = Expr<unknown> | string | number | boolean | null;

/** Does a value write itself as an expression? */
export const isExpr = (value: unknown): value is Expr<unknown> =>
  typeof value === "object" && value !== null && CEL in value;

export const celOf = (expr: Expr<unknown>): string => expr[CEL];

/** The expression of a CEL text; every property leads on. */
export function refTo<T>(cel: string): Ref<T> {
  const own: Expr<T> = {
    [CEL]: cel,
    toString: () => `\${${cel}}`,
    toJSON: () => `\${${cel}}`,
  };
  return new Proxy(own, {
    get(target, name) {
      if (typeof name === "symbol" || name === "toString" || name === "toJSON")
        return Reflect.get(target, name);
      return refTo(step(cel, name));
    },
  }) as Ref<T>; // what the proxy answers is what Ref says
}

/** Names that are no identifiers stand in brackets. */
function step(cel: string, name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? `${cel}.${name}` : `${cel}[${JSON.stringify(name)}]`;
}

/** An item of a list, counted from 0. */
export const nth = <T>(list: Expr<readonly T[]>, index: number): Ref<T> =>
  refTo<T>(`${celOf(list)}[${index}]`);

/** CEL with expressions and values in it: cel`${tasks.load.output.rows} > ${limit}`. A condition if nothing is said. */
export function cel<T = boolean>(texts: TemplateStringsArray, ...pieces: readonly Piece[]): Ref<T> {
  const text = texts.reduce((all, part, index) => {
    const piece = pieces[index - 1];
    return `${all}${piece === undefined ? "" : written(piece)}${part}`;
  });
  return refTo(text);
}

const written = (piece: Piece): string => (isExpr(piece) ? celOf(piece) : JSON.stringify(piece));

/** A branch: goes on when what a task says is this one of the values that it may say. */
export const is = <T extends JsonValue>(value: Expr<T>, wanted: NoInfer<T>): Expr<boolean> =>
  refTo<boolean>(`${celOf(value)} == ${JSON.stringify(wanted)}`);

/** A branch into several: goes on when the list that a task says has this in it. */
export const has = <T extends JsonValue>(
  list: Expr<readonly T[]>,
  wanted: NoInfer<T>,
): Expr<boolean> => refTo<boolean>(`${JSON.stringify(wanted)} in ${celOf(list)}`);

/** Both, or all. */
export const all = (...conditions: readonly Expr<boolean>[]): Expr<boolean> =>
  refTo<boolean>(conditions.map((condition) => `(${celOf(condition)})`).join(" && ") || "true");

/** One of them at least. */
export const some = (...conditions: readonly Expr<boolean>[]): Expr<boolean> =>
  refTo<boolean>(conditions.map((condition) => `(${celOf(condition)})`).join(" || ") || "false");

export const not = (condition: Expr<boolean>): Expr<boolean> =>
  refTo<boolean>(`!(${celOf(condition)})`);

/** Goes on only in the newest run of its schedule. */
export const latestOnly: Expr<boolean> = refTo<boolean>("run.is_latest");
