// The items of a mapping, from its lists.
import type { JsonValue } from "@bufbuild/protobuf";
import { celType } from "@bufbuild/cel";
import type { DagSpec, ForEach, ForEachList } from "@chasqui/contracts";
import type { Evaluated, Json, Scope as MachineScope } from "@chasqui/machine";
import { parseExpression } from "../cel/expression.ts";
import { bad, good } from "../cel/result.ts";
import type { Result } from "../cel/result.ts";
import type { Scope } from "../cel/scope.ts";
import { describeType, typeOfCel } from "../cel/types.ts";
import { celToJson } from "../cel/values.ts";
import { quote } from "../text/suggest.ts";
import { scopeOfRun } from "./scope-of-run.ts";
import type { PlanOptions } from "./scope-of-run.ts";
import { isProduct } from "./words.ts";

export const ITEMS_MAX_DEFAULT = 1_024;

export const itemsMaxOf = ({ itemsMax }: ForEach): number =>
  itemsMax === 0 ? ITEMS_MAX_DEFAULT : itemsMax;

export function compileItems(
  spec: DagSpec,
  forEach: ForEach,
  options: PlanOptions,
): (scope: MachineScope) => Evaluated<readonly Json[]> {
  const lists = forEach.lists.map((list) => ({ name: list.name, evaluate: compileList(list) }));
  return (facts) => {
    const scope = scopeOfRun(spec, facts, options);
    const found: { name: string; items: JsonValue[] }[] = [];
    for (const { name, evaluate } of lists) {
      const items = evaluate(scope);
      if (!items.ok) return items;
      found.push({ name, items: items.value });
    }
    const [first] = found;
    if (found.length === 1 && first?.name === "") return good(first.items as readonly Json[]);
    return isProduct(forEach.mode) ? productOf(found, itemsMaxOf(forEach)) : zipOf(found);
  };
}

function compileList({ in: text }: ForEachList): (scope: Scope) => Result<JsonValue[]> {
  const parsed = parseExpression(text);
  if (!parsed.ok) {
    const failed = bad(`list ${quote(text)}: ${parsed.message} at character ${parsed.offset + 1}`);
    return () => failed;
  }
  return (scope) => {
    const result = parsed.value.evaluate(scope);
    if (!result.ok) return result;
    const json = celToJson(result.value);
    if (!json.ok) return json;
    if (Array.isArray(json.value)) return good(json.value);
    const given = describeType(typeOfCel(celType(result.value)));
    return bad(`list ${quote(text)} gives ${given}: want a list`);
  };
}

type Named = readonly { readonly name: string; readonly items: readonly JsonValue[] }[];

function zipOf(lists: Named): Result<readonly Json[]> {
  const lengths = new Set(lists.map(({ items }) => items.length));
  if (lengths.size > 1) {
    const said = lists.map(({ name, items }) => `${name} has ${items.length}`).join(", ");
    return bad(`lists of one length are wanted: ${said}`);
  }
  const [length = 0] = lengths;
  return good(
    Array.from({ length }, (_, index): Json =>
      Object.fromEntries(lists.map(({ name, items }) => [name, items[index] as Json])),
    ),
  );
}

function productOf(lists: Named, itemsMax: number): Result<readonly Json[]> {
  const count = lists.reduce((all, { items }) => all * items.length, 1);
  if (count > itemsMax) return bad(`${count} combinations: want at most ${itemsMax}`);
  let rows: Record<string, Json>[] = [{}];
  for (const { name, items } of lists)
    rows = rows.flatMap((row) => items.map((item) => ({ ...row, [name]: item as Json })));
  return good(rows);
}
