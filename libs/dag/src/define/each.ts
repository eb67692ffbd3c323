// Mapping in TypeScript: what `item` is follows from the list.
import { refTo } from "./expr.ts";
import type { Expr, Ref } from "./expr.ts";
import type { MappingForm } from "./forms.ts";

/** A list of values, or an expression that gives one. */
export type List<T> = Expr<readonly T[]> | readonly T[];

/** A mapping: `for_each: files`, and `files.item` in the expressions of its instances. */
export interface Each<T> {
  readonly item: Ref<T>;
  readonly index: Ref<number>;
  toJSON(): object;
}

/** One instance for each item of a list. */
export function each<const T>(list: List<T>, options: MappingForm = {}): Each<T> {
  return mapping({ in: list }, options);
}

type Items<Lists> = { [name in keyof Lists]: Lists[name] extends List<infer T> ? T : never };
type Lists = Readonly<Record<string, List<unknown>>>;

/** The first items of all lists together, then the second ones. */
export const zip = <const L extends Lists>(lists: L, options: MappingForm = {}): Each<Items<L>> =>
  mapping({ zip: lists }, options);

/** Every combination; the names in order, the last one changes fastest. */
export const product = <const L extends Lists>(
  lists: L,
  options: MappingForm = {},
): Each<Items<L>> => mapping({ product: lists }, options);

function mapping<T>(lists: object, { label, ...options }: MappingForm): Each<T> {
  const form = { ...lists, ...options, ...(label === undefined ? {} : { label: String(label) }) };
  return { item: refTo<T>("item"), index: refTo<number>("index"), toJSON: () => form };
}
