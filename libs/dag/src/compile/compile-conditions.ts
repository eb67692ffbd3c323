// What a trigger waits for: an event, another DAG's run, an asset, or several of these.
import { create } from "@bufbuild/protobuf";
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { TriggerConditionSchema, type TriggerCondition } from "@chasqui/contracts";
import { limits } from "../limits.ts";
import { listNames, quote } from "../text/suggest.ts";
import type { Path } from "../yaml/source.ts";
import { parseAssets } from "./asset-expression.ts";
import type { AssetTree } from "./asset-expression.ts";
import { conditionOf, noteCondition, readCondition } from "./check-expressions.ts";
import { readList, readMap, readText, readWord } from "./reader.ts";
import type { Reader } from "./reader.ts";
import { conditionFields, dagConditionFields, eventFields } from "./words.ts";
import { eventScopeFields, outcomeWords } from "./words.ts";

/** `*` is one token, `>` the rest; the source is always named. */
const SUBJECT = /^[A-Za-z0-9_-]+(\.([A-Za-z0-9_-]+|\*))*\.([A-Za-z0-9_-]+|\*|>)$/;
const DAG_ID = /^[a-z][a-z0-9-]{0,62}$/;

type Condition = TriggerCondition["condition"];
const asCondition = (condition: Condition): TriggerCondition =>
  create(TriggerConditionSchema, { condition });

/** The one word among a trigger's fields that says what it waits for. */
export function compileCondition(
  reader: Reader,
  path: Path,
  fields: JsonObject,
  dagId: string,
  depth = 0,
): TriggerCondition | undefined {
  const words = conditionFields.filter((word) => fields[word] !== undefined);
  const [word, second] = words;
  if (word === undefined || second !== undefined) {
    const has = word === undefined ? "none" : listNames(words);
    reader.note(path, `a trigger waits for one of ${conditionFields.join(", ")}: this has ${has}`);
    return undefined;
  }
  const at = [...path, word];
  const value = fields[word];
  switch (word) {
    case "event":
      return compileEvent(reader, at, value);
    case "dag":
      return compileDagCondition(reader, at, value, dagId);
    case "asset":
      return compileAsset(reader, at, value);
    default:
      return compileSeveral(reader, at, word, value, dagId, depth);
  }
}

function compileEvent(reader: Reader, path: Path, value: JsonValue | undefined) {
  const event = readMap(reader, path, value, "event", eventFields);
  if (event === undefined) return undefined;
  if (event["subject"] === undefined)
    reader.note(path, "event has no `subject`: want what follows chasqui.trigger. in it");
  const subject = readText(reader, [...path, "subject"], event["subject"], "subject", {
    pattern: SUBJECT,
    want: "a source and a name such as logistics.routes.closed, without chasqui.trigger.; after the source * may stand for one token, > for the rest",
  });
  const when = readWhen(reader, path, event["when"]);
  return asCondition({ case: "event", value: eventOf(subject ?? "", when) });
}

const eventOf = (subject: string, when: string) =>
  ({ $typeName: "chasqui.dag.v1.EventCondition", subject, when }) as const;

function readWhen(reader: Reader, path: Path, value: JsonValue | undefined): string {
  const at = [...path, "when"];
  const when = readCondition(reader, at, value, "when");
  const names = { roots: ["event"], fields: { event: eventScopeFields } };
  if (when !== undefined) noteCondition(reader, at, "when", when, names);
  return conditionOf(when);
}

/** `dag: load` is short for `dag: { id: load }`. */
function compileDagCondition(
  reader: Reader,
  path: Path,
  value: JsonValue | undefined,
  own: string,
): TriggerCondition | undefined {
  const short = typeof value === "string";
  const fields = short ? { id: value } : readMap(reader, path, value, "dag", dagConditionFields);
  if (fields === undefined) return undefined;
  const at = short ? path : [...path, "id"];
  if (fields["id"] === undefined) reader.note(path, "dag has no `id`: want the other DAG's");
  const id = readText(reader, at, fields["id"], "dag", {
    pattern: DAG_ID,
    want: "the id of another DAG",
  });
  if (id !== undefined && id === own)
    reader.note(at, `dag: ${quote(id)} would start itself for ever: want another DAG`);
  const { state } = fields;
  const words: [Path, JsonValue][] = Array.isArray(state)
    ? state.map((item, index) => [[...path, "state", index], item])
    : state === undefined
      ? []
      : [[[...path, "state"], state]];
  const states = words.flatMap(
    ([where, item]) => readWord(reader, where, item, "state", outcomeWords) ?? [],
  );
  const when = short ? "" : readWhen(reader, path, fields["when"]);
  const $typeName = "chasqui.dag.v1.DagCondition";
  return asCondition({ case: "dag", value: { $typeName, dagId: id ?? "", states, when } });
}

function compileAsset(reader: Reader, path: Path, value: JsonValue | undefined) {
  const want = `an asset such as orders, or several: orders && (routes || depots)`;
  const rule = { want, charsMax: limits.expressionCharsMax };
  const text = readText(reader, path, value, "asset", rule);
  if (text === undefined) return undefined;
  const parsed = parseAssets(text);
  if (parsed.ok) return ofAssets(parsed.tree);
  const { message, offset } = parsed;
  reader.note(path, `asset: ${message}`, { offset });
  return undefined;
}

function ofAssets(tree: AssetTree): TriggerCondition {
  return "name" in tree
    ? asCondition({
        case: "asset",
        value: { $typeName: "chasqui.dag.v1.AssetCondition", name: tree.name },
      })
    : several(tree.op, tree.of.map(ofAssets));
}

const several = (op: "all" | "any", conditions: TriggerCondition[]): TriggerCondition =>
  asCondition({
    case: op,
    value: { $typeName: "chasqui.dag.v1.TriggerConditions", conditions },
  });

function compileSeveral(
  reader: Reader,
  path: Path,
  op: "all" | "any",
  value: JsonValue | undefined,
  dagId: string,
  depth: number,
): TriggerCondition | undefined {
  if (depth >= limits.depthMax) {
    reader.note(path, `more than ${limits.depthMax} conditions in each other`);
    return undefined;
  }
  const items = readList(reader, path, value, op);
  if (Array.isArray(value) && items.length === 0)
    reader.note(path, `${op} is an empty list: want two conditions or more`);
  const conditions = items.flatMap((item, index) => {
    const at = [...path, index];
    const fields = readMap(reader, at, item, "a condition", conditionFields);
    const inner = fields && compileCondition(reader, at, fields, dagId, depth + 1);
    return inner === undefined ? [] : [inner];
  });
  return several(op, conditions);
}
