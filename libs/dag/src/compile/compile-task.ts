// One task of a DAG: its fields, judged with what is known of the others.
import type { JsonObject, JsonValue, MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { TaskRole } from "@chasqui/contracts";
import type { JsonSchema, TaskSpecSchema, TriggerRule } from "@chasqui/contracts";
import type { KnownNames } from "../cel/check-names.ts";
import { parseExpression } from "../cel/expression.ts";
import { containsTemplate } from "../cel/template.ts";
import type { Type } from "../cel/types.ts";
import { APPROVAL_KIND } from "@chasqui/machine";
import { limits } from "../limits.ts";
import { checkSchema } from "../schema/check-schema.ts";
import { checkValue } from "../schema/check-value.ts";
import { resolveForm } from "../schema/question.ts";
import { suggest, quote } from "../text/suggest.ts";
import type { Path } from "../yaml/source.ts";
import { ASSET } from "./asset-expression.ts";
import { conditionOf, noteCondition, noteTemplates, readCondition } from "./check-expressions.ts";
import { itemType, readForEach } from "./for-each.ts";
import { behind } from "./names.ts";
import type { TaskNames } from "./names.ts";
import { TASK_ID } from "./outline.ts";
import type { Node, Role } from "./outline.ts";
import {
  noteFindings,
  readBoolean,
  readMap,
  readNumber,
  readText,
  readTexts,
  readWord,
} from "./reader.ts";
import type { Reader } from "./reader.ts";
import { retryPolicy } from "./retries.ts";
import { firstOf, readShared } from "./task-defaults.ts";
import type { Shared } from "./task-defaults.ts";
import { concurrencyFields, instanceRoots, triggerRuleWords } from "./words.ts";
import type { taskFields } from "./words.ts";

export type Kinds = Readonly<Record<string, JsonSchema | undefined>>;
type Task = MessageInitShape<typeof TaskSpecSchema>;
type SomeFields = Omit<Task, "$typeName">;
type Field = (typeof taskFields)[number];

export interface TaskSurroundings {
  readonly kinds: Kinds;
  readonly unknownKinds: "error" | "warning";
  readonly names: TaskNames;
  /** The type of the items of the mapped group that it stands in. */
  readonly item: Type;
  /** Defaults of its groups and of the DAG, the nearest first. */
  readonly shared: readonly Shared[];
  /** Conditions of the groups around it that are not mapped. */
  readonly conditions: readonly string[];
  /** Its own rule, else that of the group whose entry it is. */
  readonly rule: TriggerRule;
}

const roles: Readonly<Record<Role, TaskRole>> = {
  work: TaskRole.UNSPECIFIED,
  setup: TaskRole.SETUP,
  teardown: TaskRole.TEARDOWN,
  on_exit: TaskRole.ON_EXIT,
};

/** All but its needs, which `edges.ts` knows. */
export function compileTask(reader: Reader, node: Node, around: TaskSurroundings): Task {
  const { id, path, name, fields } = node;
  const at = (field: Field): Path => [...path, field];
  const what = (field: Field): string => `${name}: ${field}`;
  const uses = readKind(reader, node, around);
  const rule = fields["trigger_rule"];
  readWord(reader, at("trigger_rule"), rule, what("trigger_rule"), triggerRuleWords);
  const names = {
    lists: behind(around.names.of(node), joined([...around.conditions, onceAsked(node)])),
    instance: (item: Type) => around.names.ofInstance(node, item),
  };
  const forEach = readForEach(reader, at("for_each"), name, fields["for_each"], names);
  const item = forEach === undefined ? around.item : itemType(forEach, names.lists);
  const when = joined([...around.conditions, readWhen(reader, node, names.instance(item))]);
  const known = behind(names.instance(item), when);
  const shared = readSharedFields(reader, node, around.shared);
  const isTimed = shared.timeout !== undefined || shared.totalTimeout !== undefined;
  if (uses === APPROVAL_KIND && !isTimed) noteNeverDefault(reader, node);
  return {
    id,
    uses: uses ?? "",
    description:
      readText(reader, at("description"), fields["description"], what("description"))?.trim() ?? "",
    group: node.group ?? "",
    ...(forEach === undefined ? {} : { forEach }),
    when,
    with: readWith(reader, node, uses, known, around.kinds),
    triggerRule: around.rule,
    allowFailure: readBoolean(
      reader,
      at("allow_failure"),
      fields["allow_failure"],
      what("allow_failure"),
    ),
    role: roles[node.role],
    teardownOf: node.setups.map((setup) => setup.id),
    ...shared,
    ...readConcurrency(reader, node, known),
    dependsOnPast: readBoolean(
      reader,
      at("depends_on_past"),
      fields["depends_on_past"],
      what("depends_on_past"),
    ),
    produces: readTexts(reader, at("produces"), fields["produces"], what("produces"), ASSET),
    was: readTexts(reader, at("was"), fields["was"], what("was"), {
      pattern: TASK_ID,
      want: "earlier ids of the task",
    }),
  };
}

/** Conditions that must all hold, as one. */
export function joined(conditions: readonly string[]): string {
  const texts = conditions.filter((text) => text !== "");
  if (texts.length < 2) return texts[0] ?? "";
  return texts.map((text) => `(${text}${text.includes("//") ? "\n" : ""})`).join(" && ");
}

/** The condition when it is judged before there are items: one that does not name them. */
function onceAsked({ fields: { when } }: Node): string {
  const text = conditionOf(when);
  const parsed = parseExpression(text);
  if (!parsed.ok) return "";
  const { references } = parsed.value.names;
  return references.some(({ root }) => instanceRoots.some((name) => name === root)) ? "" : text;
}

export function readWhen(reader: Reader, { path, name, fields }: Node, known: KnownNames): string {
  const at = [...path, "when"];
  const when = readCondition(reader, at, fields["when"], `${name}: when`);
  if (when === undefined) return "";
  noteCondition(reader, at, `${name}: when`, when, known);
  return conditionOf(when);
}

function readSharedFields(reader: Reader, node: Node, around: readonly Shared[]): SomeFields {
  const own = readShared(reader, node.path, `${node.name}: `, node.fields);
  const layers = [own, ...around];
  const duration = (field: "timeoutMs" | "totalTimeoutMs" | "startTimeoutMs") => {
    const ms = firstOf(layers, field);
    return ms === undefined ? undefined : durationFromMs(ms);
  };
  const retries = retryPolicy(layers.map((layer) => layer.retries));
  const timeout = duration("timeoutMs");
  const totalTimeout = duration("totalTimeoutMs");
  const startTimeout = duration("startTimeoutMs");
  const pool = firstOf(layers, "pool");
  return {
    ...(retries === undefined ? {} : { retries }),
    ...(timeout === undefined ? {} : { timeout }),
    ...(totalTimeout === undefined ? {} : { totalTimeout }),
    ...(startTimeout === undefined ? {} : { startTimeout }),
    ...(pool === undefined ? {} : { pool: pool.name, poolSlots: pool.slots }),
    priority: firstOf(layers, "priority") ?? 0,
  };
}

function readConcurrency(
  reader: Reader,
  { path, name, fields }: Node,
  known: KnownNames,
): SomeFields {
  const count = { min: 1, max: limits.activeTasksMax, integer: true };
  const at = [...path, "concurrency"];
  const what = `${name}: concurrency`;
  const maxActive =
    readNumber(
      reader,
      [...path, "max_active"],
      fields["max_active"],
      `${name}: max_active`,
      count,
    ) ?? 0;
  if (fields["concurrency"] === undefined) return { maxActive };
  const map = readMap(reader, at, fields["concurrency"], what, concurrencyFields) ?? {};
  if (map["key"] === undefined)
    reader.note(at, `${what} has no \`key\`: want a text such as "\${params.region}"`);
  const keyPath = [...at, "key"];
  const key = readText(reader, keyPath, map["key"], `${what} key`, {
    pattern: /\S/,
    want: "a text with ${…}",
  });
  if (key !== undefined) noteTemplates(reader, keyPath, `${what} key`, key, known);
  const max = readNumber(reader, [...at, "max"], map["max"], `${what} max`, count) ?? 1;
  return { maxActive, concurrency: { key: key ?? "", max } };
}

function readKind(
  reader: Reader,
  { name, path, fields }: Node,
  { kinds, unknownKinds }: TaskSurroundings,
): string | undefined {
  const value = fields["uses"];
  const known = Object.keys(kinds).sort();
  if (value === undefined) {
    reader.note(path, `${name} has no \`uses\`: want a task kind`, {
      at: "key",
      suggestion: `known: ${known.join(", ")}`,
    });
    return undefined;
  }
  const uses = readText(reader, [...path, "uses"], value, `${name}: uses`, { want: "a task kind" });
  if (uses === undefined || Object.hasOwn(kinds, uses)) return uses;
  const near = suggest(uses, known);
  reader.note([...path, "uses"], `${name} uses ${quote(uses)}: no such task kind`, {
    severity: unknownKinds,
    suggestion: near?.startsWith("did you mean")
      ? `${near} known: ${known.join(", ")}`
      : `known: ${known.join(", ")}`,
  });
  return unknownKinds === "warning" ? uses : undefined;
}

/** The default is the answer when the time is over, and there is none. */
function noteNeverDefault(reader: Reader, { name, path, fields }: Node): void {
  const config = fields["with"];
  if (typeof config !== "object" || config === null || !("default" in config)) return;
  reader.note([...path, "with", "default"], `${name}: with: default, but the task has no timeout`, {
    severity: "warning",
    suggestion: "write timeout: 1d, or it waits for ever",
  });
}

/** With `default: approve` the form must hold when nobody fills it in. */
function noteUnfilled(reader: Reader, what: string, at: Path, form: JsonValue): void {
  const empty = resolveForm(form, {});
  if (!empty.ok)
    reader.note([...at, "default"], `${what}: default: approve, but ${empty.message}`, {
      suggestion: "give the field a default in the form",
    });
}

function readWith(
  reader: Reader,
  { name, path, fields }: Node,
  uses: string | undefined,
  known: KnownNames,
  kinds: Kinds,
): JsonObject {
  const at = [...path, "with"];
  const value: JsonValue | undefined = fields["with"];
  const what = `${name}: with`;
  const config = value === undefined ? {} : readMap(reader, at, value, what);
  if (config === undefined) return {};
  const schema = uses === undefined || !Object.hasOwn(kinds, uses) ? undefined : kinds[uses];
  if (schema !== undefined) {
    const findings = checkValue(schema, config, { templates: true }, at);
    noteFindings(reader, what, at, findings);
  }
  const { form } = config;
  if (uses === APPROVAL_KIND && typeof form === "object") {
    const wrong = checkSchema(form, [...at, "form"]);
    noteFindings(reader, what, at, wrong);
    if (config["default"] === "approve" && wrong.length === 0 && !containsTemplate(form))
      noteUnfilled(reader, what, at, form);
  }
  noteTemplates(reader, at, what, config, known, schema);
  return config;
}
