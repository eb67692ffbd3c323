// For the tests of DAG authors, in vitest or any other runner: a DAG simulated in a line, without any server.
//   import { simulateDag, statesOf } from "@chasqui/dag/simulate";
//   const run = simulateDag("dags/train.yaml", { outcomes: { train: "fail:quota,succeed" } });
//   expect(run.tasks.train).toMatchObject({ state: "succeeded", attempts: 2 });
import { readFileSync } from "node:fs";
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { JsonSchema } from "@chasqui/contracts";
import { compileDag, compileDagObject } from "../compile/compile-dag.ts";
import type { Compiled } from "../compile/compile-dag.ts";
import type { DagForm } from "../define/forms.ts";
import { formatProblem } from "../problem.ts";
import { placeholdersOf } from "../simulate/placeholders.ts";
import { simulate } from "../simulate/simulate.ts";
import type { Simulated, SimulatedTask } from "../simulate/result.ts";

/** A task, or one instance of what is mapped. */
type Named<Id extends string> = Id | `${Id}[${number}]`;

export interface SimulateOptions<Id extends string = string> {
  /** Steps, one for each attempt, the last one repeating: `fail:quota,succeed`, or a list of them. */
  readonly outcomes?: { readonly [name in Named<Id>]?: string | readonly string[] };
  /** What a task says when it succeeds. */
  readonly outputs?: { readonly [name in Named<Id>]?: JsonValue };
  /** How long an attempt works; no time when absent. */
  readonly takes?: { readonly [name in Named<Id>]?: string };
  /** Slots of pools; enough when absent. */
  readonly pools?: Readonly<Record<string, number>>;
  readonly params?: JsonObject;
  /** Data of the event that starts the run. */
  readonly event?: JsonValue;
  /** Schemas of the `with` of kinds of your own; the configuration of one that is not here is not judged. */
  readonly kinds?: Readonly<Record<string, JsonSchema>>;
  /** What `vars` holds; when absent each one stands for itself. */
  readonly vars?: JsonObject;
  readonly key?: string;
  /** The instant that the run is about, and at which it begins: RFC 3339 or a date. */
  readonly at?: string;
}

const AT = "2026-01-05T12:00:00Z"; // a test's result does not depend on the day on which it runs

/** Simulates a DAG: a file in YAML, or what `defineDag` gives. A DAG with errors throws them, with their places. */
export function simulateDag<const Id extends string>(
  dag: DagForm<Id> | string,
  options: SimulateOptions<Id> = {},
): Simulated {
  const compiled = compile(dag);
  if (!compiled.ok) throw new Error(compiled.problems.map(formatProblem).join("\n"));
  const { spec } = compiled;
  const { at = AT, outcomes, outputs, takes, ...rest } = options;
  const atMs = Date.parse(at);
  if (Number.isNaN(atMs))
    throw new Error(`at ${JSON.stringify(at)}: want an instant such as ${AT}`);
  const simulated = simulate({
    spec,
    atMs,
    ...placeholdersOf(spec),
    ...rest,
    ...(rest.vars === undefined ? {} : { placeholders: [] }),
    outcomes: given(outcomes),
    outputs: given(outputs),
    takes: given(takes),
  });
  if (!simulated.ok) throw new Error(simulated.message);
  return simulated.value;
}

function compile(dag: DagForm<string> | string): Compiled {
  const lenient = { unknownKinds: "warning" } as const;
  return typeof dag === "string"
    ? compileDag({ file: dag, text: readFileSync(dag, "utf8") }, lenient)
    : compileDagObject(dag, dag.id, lenient);
}

/** Without what is undefined. */
function given<T>(fields: { readonly [name: string]: T | undefined } = {}): Record<string, T> {
  const entries = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return Object.fromEntries(entries);
}

/** The state of each task by name, for `toEqual`. */
export const statesOf = ({ tasks }: Simulated): Record<string, string> =>
  Object.fromEntries(Object.entries(tasks).map(([name, { state }]) => [name, state]));

export type { Simulated, SimulatedTask };
