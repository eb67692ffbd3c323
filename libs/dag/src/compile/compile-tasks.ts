// `tasks` of a DAG: each by itself, then how they hang together.
import { create } from "@bufbuild/protobuf";
import type { JsonObject, JsonValue, MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { TaskSpecSchema } from "@chasqui/contracts";
import type { JsonSchema, TaskSpec } from "@chasqui/contracts";
import { expressionName } from "../cel/scope.ts";
import type { KnownNames } from "../cel/check-names.ts";
import { limits } from "../limits.ts";
import { checkValue } from "../schema/check-value.ts";
import { quote, suggest } from "../text/suggest.ts";
import type { Path } from "../yaml/source.ts";
import { noteCondition, noteTemplates } from "./check-expressions.ts";
import { findCycle, upstreamOf } from "./graph.ts";
import {
  noteFindings,
  readBoolean,
  readDuration,
  readList,
  readMap,
  readText,
  readWord,
} from "./reader.ts";
import type { Reader } from "./reader.ts";
import { readRetries, retryPolicy } from "./retries.ts";
import type { Retries } from "./retries.ts";
import {
  defaults,
  eventScopeFields,
  runRoots,
  runScopeFields,
  taskFields,
  triggerRuleWords,
} from "./words.ts";

export interface TaskContext {
  /** Schema of `with` by kind; undefined for a kind whose schema is not known. */
  readonly kinds: Readonly<Record<string, JsonSchema | undefined>>;
  readonly retries: Retries;
  readonly timeoutMs: number | undefined;
  /** What `params.…`, `vars.…` may name; undefined: anything. */
  readonly params: readonly string[] | undefined;
  readonly vars: readonly string[] | undefined;
}

export const TASK_ID = /^[a-z][a-z0-9_-]{0,62}$/;
const TASK_ID_WANT = "a lower-case letter, then up to 62 lower-case letters, digits, - or _";

export function compileTasks(
  reader: Reader,
  value: JsonValue | undefined,
  context: TaskContext,
): TaskSpec[] {
  if (value === undefined) {
    reader.note([], "the DAG has no `tasks`: want at least one");
    return [];
  }
  const map = readMap(reader, ["tasks"], value, "tasks");
  if (map === undefined) return [];
  const ids = Object.keys(map);
  if (ids.length === 0) reader.note(["tasks"], "tasks is empty: want at least one task");
  if (ids.length > limits.tasksMax) {
    reader.note(["tasks"], `the DAG has ${ids.length} tasks: want at most ${limits.tasksMax}`);
    return [];
  }
  noteIds(reader, ids);
  const needs = readAllNeeds(reader, map);
  noteCycle(reader, needs);
  const idOf = new Map(ids.flatMap((id) => [[expressionName(id), id] as const, [id, id] as const]));
  return Object.entries(map).flatMap(([id, fields]) => {
    const known = namesFor({ id, ids, idOf, needs }, context);
    const task = compileTask(reader, id, fields, known, context);
    return task === undefined
      ? []
      : [create(TaskSpecSchema, { ...task, needs: [...(needs.get(id) ?? [])] })];
  });
}

function noteIds(reader: Reader, ids: readonly string[]): void {
  const byName = new Map<string, string>();
  for (const id of ids) {
    const path = ["tasks", id];
    if (!TASK_ID.test(id))
      reader.note(path, `task id ${quote(id)}: want ${TASK_ID_WANT}`, { at: "key" });
    const other = byName.get(expressionName(id));
    if (other !== undefined)
      reader.note(
        path,
        `task ids ${quote(other)} and ${quote(id)} are the same in expressions, where - is written _: want names that differ otherwise`,
        { at: "key" },
      );
    byName.set(expressionName(id), id);
  }
}

/** Needs that name tasks; others are noted. */
function readAllNeeds(reader: Reader, map: JsonObject): Map<string, string[]> {
  const ids = Object.keys(map);
  const known = new Set(ids);
  const needs = new Map<string, string[]>();
  for (const [id, task] of Object.entries(map)) {
    const own = new Set<string>();
    needs.set(id, []);
    if (typeof task !== "object" || task === null || Array.isArray(task)) continue;
    const path = ["tasks", id, "needs"];
    const written = task["needs"];
    if (typeof written === "string") {
      reader.note(path, `task ${quote(id)}: needs ${quote(written)} is text: want a list`, {
        suggestion: `write [${written}]`,
      });
      continue;
    }
    for (const [index, item] of readList(
      reader,
      path,
      written,
      `task ${quote(id)}: needs`,
    ).entries()) {
      const at = [...path, index];
      const need = readText(reader, at, item, `task ${quote(id)}: needs`, { want: "a task's id" });
      if (need === undefined) continue;
      if (!known.has(need)) {
        const suggestion = suggest(
          need,
          ids.filter((other) => other !== id),
        );
        reader.note(at, `task ${quote(id)} needs ${quote(need)}: no such task`, { suggestion });
      } else if (own.has(need)) {
        const note = { severity: "warning" } as const;
        reader.note(at, `task ${quote(id)} needs ${quote(need)} twice`, note);
      } else own.add(need);
    }
    needs.set(id, [...own].sort());
  }
  return needs;
}

function noteCycle(reader: Reader, needs: ReadonlyMap<string, readonly string[]>): void {
  const cycle = findCycle(needs);
  const [first] = cycle ?? [];
  if (cycle === undefined || first === undefined) return;
  const path = ["tasks", first, "needs"];
  if (cycle.length === 2) reader.note(path, `task ${quote(first)} needs itself`);
  else reader.note(path, `tasks need one another in a circle: ${cycle.map(quote).join(" needs ")}`);
}

interface TaskAmongOthers {
  readonly id: string;
  readonly ids: readonly string[];
  readonly idOf: ReadonlyMap<string, string>;
  readonly needs: ReadonlyMap<string, readonly string[]>;
}

function namesFor({ id, ids, idOf, needs }: TaskAmongOthers, context: TaskContext): KnownNames {
  const direct = needs.get(id) ?? [];
  let upstream: Set<string> | undefined;
  return {
    roots: runRoots,
    fields: {
      run: runScopeFields,
      event: eventScopeFields,
      ...(context.params === undefined ? {} : { params: context.params }),
      ...(context.vars === undefined ? {} : { vars: context.vars }),
    },
    tasks: {
      all: ids,
      idOf,
      reader: id,
      // Most expressions read what is directly upstream: the rest is only computed when one does not.
      isUpstream: (other) =>
        direct.includes(other) || (upstream ??= upstreamOf(needs, id)).has(other),
    },
  };
}

function compileTask(
  reader: Reader,
  id: string,
  value: JsonValue,
  known: KnownNames,
  context: TaskContext,
): MessageInitShape<typeof TaskSpecSchema> | undefined {
  const path = ["tasks", id];
  const name = `task ${quote(id)}`;
  const fields = readMap(reader, path, value, name, taskFields);
  if (fields === undefined) return undefined;
  const at = (field: (typeof taskFields)[number]): Path => [...path, field];
  const uses = readKind(reader, name, path, fields["uses"], context);
  const when = readText(reader, at("when"), fields["when"], `${name}: when`, {
    want: "a condition",
    charsMax: limits.expressionCharsMax,
  });
  if (when !== undefined) noteCondition(reader, at("when"), `${name}: when`, when, known);
  const rule = fields["trigger_rule"];
  const timeout = readDuration(reader, at("timeout"), fields["timeout"], `${name}: timeout`);
  const timeoutMs = timeout ?? context.timeoutMs;
  const retries = readRetries(reader, at("retries"), fields["retries"], `${name}: retries`);
  const allow = fields["allow_failure"];
  return {
    id,
    uses: uses ?? "",
    when: (when ?? "").trim(),
    with: readWith(reader, name, path, fields["with"], uses, known, context),
    triggerRule:
      readWord(reader, at("trigger_rule"), rule, `${name}: trigger_rule`, triggerRuleWords) ??
      defaults.triggerRule,
    retries: retryPolicy(retries, context.retries),
    timeout: timeoutMs === undefined ? undefined : durationFromMs(timeoutMs),
    allowFailure: readBoolean(reader, at("allow_failure"), allow, `${name}: allow_failure`),
  };
}

function readKind(
  reader: Reader,
  name: string,
  path: Path,
  value: JsonValue | undefined,
  { kinds }: TaskContext,
): string | undefined {
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
    suggestion: near?.startsWith("did you mean")
      ? `${near} known: ${known.join(", ")}`
      : `known: ${known.join(", ")}`,
  });
  return undefined;
}

function readWith(
  reader: Reader,
  name: string,
  path: Path,
  value: JsonValue | undefined,
  uses: string | undefined,
  known: KnownNames,
  { kinds }: TaskContext,
): JsonObject {
  const at = [...path, "with"];
  const config = value === undefined ? {} : readMap(reader, at, value, `${name}: with`);
  if (config === undefined) return {};
  const schema = uses === undefined || !Object.hasOwn(kinds, uses) ? undefined : kinds[uses];
  if (schema !== undefined) {
    const findings = checkValue(schema, config, { templates: true }, at);
    noteFindings(reader, `${name}: with`, at, findings);
  }
  noteTemplates(reader, at, `${name}: with`, config, known);
  return config;
}
