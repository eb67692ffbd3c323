// `triggers` of a DAG: what starts a run when it happens, what the run's key and parameters are, and how many events
// become one run.
import { create } from "@bufbuild/protobuf";
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { BatchSchema, RateLimitSchema, TriggerSchema } from "@chasqui/contracts";
import type { Batch, RateLimit, Trigger, TriggerCondition } from "@chasqui/contracts";
import { canonicalCondition } from "../canonical-trigger.ts";
import { limits } from "../limits.ts";
import { asSchema } from "../schema/check-schema.ts";
import { checkValue } from "../schema/check-value.ts";
import type { Path } from "../yaml/source.ts";
import { noteTemplates } from "./check-expressions.ts";
import { compileCondition } from "./compile-conditions.ts";
import { noteFindings, readDuration, readList, readMap, readNumber, readText } from "./reader.ts";
import type { Reader } from "./reader.ts";
import { batchFields, eventScopeFields, rateFields, triggerFields } from "./words.ts";
import { triggerRunFields } from "./words.ts";

export interface OwnDag {
  readonly id: string;
  /** The schema of its parameters. */
  readonly params: JsonObject | undefined;
}

export function compileTriggers(
  reader: Reader,
  value: JsonValue | undefined,
  dag: OwnDag,
): Trigger[] {
  const items = readList(reader, ["triggers"], value, "triggers");
  if (items.length > limits.triggersMax)
    reader.note(
      ["triggers"],
      `triggers has ${items.length} entries: want at most ${limits.triggersMax}`,
    );
  return items.flatMap((item, index) => {
    const trigger = compileTrigger(reader, ["triggers", index], item, dag);
    return trigger === undefined ? [] : [trigger];
  });
}

function compileTrigger(
  reader: Reader,
  path: Path,
  value: JsonValue,
  dag: OwnDag,
): Trigger | undefined {
  const fields = readMap(reader, path, value, "a trigger", triggerFields);
  if (fields === undefined) return undefined;
  const on = compileCondition(reader, path, fields, dag.id);
  if (on === undefined) return undefined;
  const batch = readBatch(reader, [...path, "batch"], fields["batch"]);
  const rate = readRate(reader, [...path, "rate"], fields["rate"]);
  const withinPath = [...path, "within"];
  const withinMs = readDuration(reader, withinPath, fields["within"], "within");
  noteNonsense(reader, path, on, { batch, rate, withinMs });
  const params = readParams(reader, path, fields["params"], dag);
  return create(TriggerSchema, {
    on,
    key: readKey(reader, [...path, "key"], fields["key"]),
    ...(params === undefined ? {} : { params }),
    ...(batch === undefined ? {} : { batch }),
    ...(rate === undefined ? {} : { rate }),
    ...(withinMs === undefined ? {} : { within: durationFromMs(withinMs) }),
  });
}

const scopeFields = { event: eventScopeFields, run: triggerRunFields };

function readKey(reader: Reader, path: Path, value: JsonValue | undefined): string {
  const key = readText(reader, path, value, "key", { want: "a text with ${…}" }) ?? "";
  noteTemplates(reader, path, "key", key, { roots: ["event", "run", "vars"], fields: scopeFields });
  return key;
}

/** Parameters that the schema does not know, or wants and does not get, are told now and not at the first event. */
function readParams(
  reader: Reader,
  path: Path,
  value: JsonValue | undefined,
  { params: known }: OwnDag,
): JsonObject | undefined {
  const at = [...path, "params"];
  const given = value === undefined ? {} : readMap(reader, at, value, "params");
  if (given === undefined) return undefined;
  noteTemplates(reader, at, "params", given, {
    roots: ["event", "events", "run", "vars"],
    fields: scopeFields,
  });
  const schema = known === undefined ? { type: "object" as const } : asSchema(known);
  if (schema === undefined) return given;
  const required = (schema.required ?? []).filter(
    (name) => schema.properties?.[name]?.default === undefined,
  );
  const additionalProperties = schema.additionalProperties ?? false;
  const closed = { ...schema, required, additionalProperties };
  noteFindings(
    reader,
    "params of the trigger",
    at,
    checkValue(closed, given, { templates: true }, value === undefined ? path : at),
  );
  return given;
}

function readBatch(reader: Reader, path: Path, value: JsonValue | undefined): Batch | undefined {
  if (value === undefined) return undefined;
  const fields = readMap(reader, path, value, "batch", batchFields);
  if (fields === undefined) return undefined;
  if (fields["window"] === undefined)
    reader.note(path, "batch has no `window`: want how long it is open after its first event");
  const windowMs = readDuration(reader, [...path, "window"], fields["window"], "window");
  const quietMs = readDuration(reader, [...path, "quiet"], fields["quiet"], "quiet");
  if (quietMs !== undefined && windowMs !== undefined && quietMs >= windowMs)
    reader.note([...path, "quiet"], "quiet: want less than the window, which closes it anyway");
  const rule = { min: 2, max: limits.batchEventsMax, integer: true } as const;
  return create(BatchSchema, {
    ...(windowMs === undefined ? {} : { window: durationFromMs(windowMs) }),
    ...(quietMs === undefined ? {} : { quiet: durationFromMs(quietMs) }),
    eventsMax: readNumber(reader, [...path, "max"], fields["max"], "max", rule) ?? 0,
  });
}

function readRate(reader: Reader, path: Path, value: JsonValue | undefined): RateLimit | undefined {
  if (value === undefined) return undefined;
  const fields = readMap(reader, path, value, "rate", rateFields);
  if (fields === undefined) return undefined;
  for (const name of rateFields)
    if (fields[name] === undefined)
      reader.note(path, `rate has no \`${name}\`: want { max: 5, per: 1h }`);
  const perMs = readDuration(reader, [...path, "per"], fields["per"], "per");
  const rule = { min: 1, max: limits.rateRunsMax, integer: true } as const;
  return create(RateLimitSchema, {
    max: readNumber(reader, [...path, "max"], fields["max"], "max", rule) ?? 0,
    ...(perMs === undefined ? {} : { per: durationFromMs(perMs) }),
  });
}

interface Bounds {
  readonly batch: Batch | undefined;
  readonly rate: RateLimit | undefined;
  readonly withinMs: number | undefined;
}

/** Fields that say nothing together. */
function noteNonsense(
  reader: Reader,
  path: Path,
  on: TriggerCondition,
  { batch, rate, withinMs }: Bounds,
): void {
  const canonical = canonicalCondition(on);
  const count = leavesOf(canonical);
  if (count > limits.triggerConditionsMax)
    reader.note(path, `${count} conditions: want at most ${limits.triggerConditionsMax}`);
  const waits = wantsSeveral(canonical);
  if (waits && batch !== undefined)
    reader.note([...path, "batch"], "batch: want it where one event is enough, not with `all`");
  if (!waits && withinMs !== undefined)
    reader.note([...path, "within"], "within: want it with `all`: one event waits for no other");
  if (batch !== undefined && rate !== undefined)
    reader.note([...path, "rate"], "rate: want it without batch, whose window is a limit already");
}

function leavesOf({ condition }: TriggerCondition): number {
  return condition.case === "all" || condition.case === "any"
    ? condition.value.conditions.reduce((sum, inner) => sum + leavesOf(inner), 0)
    : 1;
}

/** Is there a part of it that one event alone does not satisfy? */
function wantsSeveral({ condition }: TriggerCondition): boolean {
  if (condition.case === "all") return true;
  return condition.case === "any" && condition.value.conditions.some(wantsSeveral);
}
