// Judges the names of an expression before it ever runs: roots, fields of what is known, functions, and whether
// a task may read another one.
import { quote, suggest } from "../text/suggest.ts";
import { functionNames, typeNames } from "./environment.ts";
import { expressionName } from "./scope.ts";
import type { RootTypes } from "./check-types.ts";
import type { Names, Reference } from "./references.ts";

export interface KnownNames {
  /** Names at the root. */
  readonly roots: readonly string[];
  /** Fields of a root; a root that is not listed may have any. */
  readonly fields?: Readonly<Record<string, readonly string[]>>;
  readonly tasks?: KnownTasks;
  /** What is known of the types of roots. */
  readonly types?: RootTypes;
  /** Names and fields (`run.state`) that exist, but not here; and why. */
  readonly elsewhere?: Readonly<Record<string, string>>;
}

export interface KnownTasks {
  /** Every task of the DAG. */
  readonly all: readonly string[];
  /** Ids by id and by the name in expressions. */
  readonly idOf: ReadonlyMap<string, string>;
  /** The task whose expression it is. */
  readonly reader: string;
  /** Does the reader wait for this task? */
  isUpstream(id: string): boolean;
  /** What may have become of it instead of success: then it has no output. */
  doubt?(id: string): string | undefined;
  /** Tasks that a condition before this expression asks about. */
  readonly asked?: ReadonlySet<string>;
}

export interface NameProblem {
  readonly message: string;
  readonly offset: number;
  readonly suggestion?: string;
  readonly severity?: "warning";
}

const TASK_FIELDS = ["state", "output"] as const;

/** Operators and macros have names that no author writes. */
const isOperator = (name: string): boolean => !/^[A-Za-z]/.test(name);

export function checkNames(names: Names, known: KnownNames): NameProblem[] {
  const problems: NameProblem[] = [];
  for (const { name, offset } of names.calls)
    if (!isOperator(name) && !functionNames.includes(name))
      problems.push(unknown(`no function ${quote(name)}`, name, functionNames, offset, python));
  for (const reference of names.references) {
    const problem = checkReference(reference, known);
    if (problem !== undefined) problems.push(problem);
  }
  return problems.length > 0 || known.tasks === undefined
    ? problems
    : doubtsIn(names, known.tasks, known.tasks.asked ?? new Set());
}

/** Tasks of which the expression asks whether there is an output before it looks into it. */
export function askedIn({ references }: Names, idOf: KnownTasks["idOf"]): Set<string> {
  const asked = new Set<string>();
  for (const { root, path, tested } of references) {
    const [name = "", field] = path;
    const id = root === "tasks" ? idOf.get(name) : undefined;
    const isQuestion = field === "state" || (field === "output" && (path.length === 2 || tested));
    if (id !== undefined && isQuestion) asked.add(id);
  }
  return asked;
}

function doubtsIn(names: Names, known: KnownTasks, before: ReadonlySet<string>): NameProblem[] {
  const asked = askedIn(names, known.idOf);
  const doubts = new Map<string, NameProblem>();
  for (const { root, path, offset } of names.references) {
    const [name = "", field] = path;
    const id = root === "tasks" && field === "output" ? known.idOf.get(name) : undefined;
    if (id === undefined || path.length < 3 || asked.has(id) || before.has(id)) continue;
    const doubt = known.doubt?.(id);
    if (doubt === undefined || doubts.has(id)) continue;
    doubts.set(id, {
      message: `task ${quote(id)} may have ${doubt} when this runs, and then has no output`,
      offset,
      suggestion: `ask first: tasks.${expressionName(id)}.state == 'succeeded' && …`,
      severity: "warning",
    });
  }
  return [...doubts.values()];
}

/** Words of another language that many conditions were first written in. */
const python: Readonly<Record<string, string>> = {
  True: "write true",
  False: "write false",
  None: "write null",
  len: "write size",
};

function checkReference(reference: Reference, known: KnownNames): NameProblem | undefined {
  const { root, path, offset } = reference;
  const { elsewhere = {} } = known;
  if (!known.roots.includes(root)) {
    if (typeNames.includes(root)) return undefined;
    const message = `no name ${quote(root)}`;
    return elsewhere[root] === undefined
      ? unknown(message, root, known.roots, offset, python)
      : { message, offset, suggestion: elsewhere[root] };
  }
  if (root === "tasks" && known.tasks !== undefined) return checkTask(reference, known.tasks);
  const [field] = path;
  const fields = known.fields?.[root];
  if (field === undefined || fields === undefined || fields.includes(field)) return undefined;
  const message = `no field ${quote(field)} in ${quote(root)}`;
  const suggestion = elsewhere[`${root}.${field}`];
  return suggestion === undefined
    ? unknown(message, field, fields, offset)
    : { message, offset, suggestion };
}

function checkTask(
  { path: [name, field], offset }: Reference,
  { all, idOf, reader, isUpstream }: KnownTasks,
): NameProblem | undefined {
  if (name === undefined) return undefined;
  const id = idOf.get(name);
  if (id === undefined) {
    const message = `no task ${quote(name)}`;
    const meant = all.find((one) => one.startsWith(`${name}-`));
    if (meant === undefined) return unknown(message, name, all, offset);
    const suggestion = `- is minus here; write tasks.${expressionName(meant)} or tasks['${meant}']`;
    return { message, offset, suggestion };
  }
  if (id === reader)
    return { message: `task ${quote(id)} reads itself: it has no output before it ran`, offset };
  if (!isUpstream(id))
    return {
      message: `task ${quote(reader)} reads task ${quote(id)}, which it does not wait for`,
      offset,
      suggestion: `add ${quote(id)} to its needs`,
    };
  if (field === undefined || TASK_FIELDS.some((known) => known === field)) return undefined;
  return unknown(`no field ${quote(field)} in a task`, field, TASK_FIELDS, offset);
}

function unknown(
  message: string,
  name: string,
  known: readonly string[],
  offset: number,
  meant: Readonly<Record<string, string>> = {},
): NameProblem {
  const suggestion = Object.hasOwn(meant, name) ? meant[name] : suggest(name, known);
  return { message, offset, ...(suggestion === undefined ? {} : { suggestion }) };
}
