// A compiled DAG as policies see it: the author's own form with everything that was inherited or left to a default
// written out, and with the environment's vars in place of `${vars.…}`. What is not there is null, or empty.
// Durations are there twice: as text for people (`timeout`) and in seconds for comparisons (`timeout_seconds`).
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { DagSpec, TaskSpec } from "@chasqui/contracts";
import type { Duration } from "@bufbuild/protobuf/wkt";
import { createScope } from "../cel/scope.ts";
import type { Scope } from "../cel/scope.ts";
import { containsTemplate, parseTemplate, renderValue } from "../cel/template.ts";
import type { Part } from "../cel/template.ts";
import { dagFields, taskFields } from "../compile/words.ts";
import { durationMs, specToObject } from "../decompile.ts";
import type { Subject } from "./policy.ts";

const SECONDS = "timeout_seconds";

const ofDag = [...dagFields.filter((field) => field !== "defaults"), SECONDS];

/**
 * What is there for `dag.…` and `task.…`, by what a rule is asked about. A rule about a task does not see the others:
 * every task's scope would hold them all.
 */
export const viewFields: Readonly<Record<Subject, Readonly<Record<string, readonly string[]>>>> = {
  dag: { dag: ofDag },
  task: {
    dag: ofDag.filter((field) => field !== "tasks"),
    task: ["id", ...taskFields, SECONDS],
  },
};

/** The field of the file behind a field of the view. */
export const fieldOfView = (field: string): string => (field === SECONDS ? "timeout" : field);

export interface DagView {
  /** With `tasks`, a list; for rules about a task it goes without. */
  readonly dag: JsonObject;
  /** In the order of the specification. */
  readonly tasks: readonly JsonObject[];
}

/** Fields that are empty, not null, when nothing was written. */
const EMPTY: Readonly<Record<string, JsonValue>> = {
  owner: "",
  description: "",
  tags: [],
  triggers: [],
  alerts: [],
  was: [],
  group: "",
  needs: [],
  when: "",
  with: {},
  setup: false,
  teardown: [],
  on_exit: false,
  allow_failure: false,
  depends_on_past: false,
  produces: [],
};

export function viewOf(spec: DagSpec, vars: JsonObject): DagView {
  const scope = createScope({ vars });
  const { tasks: written, ...fields } = specToObject(spec);
  const byId: JsonObject = isMap(written) ? written : {};
  const tasks = spec.tasks.map((task) => viewOfTask(task, byId[task.id], scope));
  const dag = { ...whole("dag", fields, spec.timeout), tasks };
  return { dag, tasks };
}

function viewOfTask(task: TaskSpec, value: JsonValue | undefined, scope: Scope): JsonObject {
  const fields = isMap(value) ? value : {};
  const written = whole("task", fields, task.timeout);
  return { ...written, id: task.id, with: withVars(written["with"] ?? {}, scope) };
}

function whole(root: Subject, fields: JsonObject, timeout: Duration | undefined): JsonObject {
  const names = viewFields[root][root] ?? [];
  return {
    ...Object.fromEntries(names.map((name) => [name, fields[name] ?? EMPTY[name] ?? null])),
    [SECONDS]: timeout === undefined ? null : Math.ceil(durationMs(timeout) / 1_000),
  };
}

const isMap = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What depends on a run stays as it is written: it is not pinned, and rules can see that. */
function withVars(value: JsonValue, scope: Scope): JsonValue {
  if (!containsTemplate(value)) return value;
  if (typeof value === "string") return textWithVars(value, scope);
  if (Array.isArray(value)) return value.map((item) => withVars(item, scope));
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, withVars(item, scope)]),
  );
}

function textWithVars(text: string, scope: Scope): JsonValue {
  const parsed = parseTemplate(text);
  if (!parsed.ok) return text;
  if (parsed.value.every(isOfVars)) {
    const rendered = renderValue(text, scope);
    return rendered.ok ? rendered.value : text;
  }
  return parsed.value
    .map((part) => {
      if ("text" in part) return part.text;
      const written = `\${${part.expression.text}}`;
      const rendered = isOfVars(part) ? renderValue(written, scope) : undefined;
      return rendered?.ok === true && typeof rendered.value !== "object"
        ? String(rendered.value)
        : written;
    })
    .join("");
}

const isOfVars = (part: Part): boolean =>
  "text" in part || part.expression.names.references.every(({ root }) => root === "vars");
