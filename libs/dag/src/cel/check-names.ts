// Judges the names of an expression before it ever runs: roots, fields of what is known, functions, and whether
// a task may read another one.
import { quote, suggest } from "../text/suggest.ts";
import { functionNames, typeNames } from "./environment.ts";
import type { Names, Reference } from "./references.ts";

export interface KnownNames {
  /** Names at the root. */
  readonly roots: readonly string[];
  /** Fields of a root; a root that is not listed may have any. */
  readonly fields?: Readonly<Record<string, readonly string[]>>;
  readonly tasks?: KnownTasks;
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
}

export interface NameProblem {
  readonly message: string;
  readonly offset: number;
  readonly suggestion?: string;
}

const TASK_FIELDS = ["state", "output"] as const;

/** Operators and macros have names that no author writes. */
const isOperator = (name: string): boolean => !/^[A-Za-z]/.test(name);

export function checkNames(names: Names, known: KnownNames): NameProblem[] {
  const problems: NameProblem[] = [];
  for (const { name, offset } of names.calls)
    if (!isOperator(name) && !functionNames.includes(name))
      problems.push(unknown(`no function ${quote(name)}`, name, functionNames, offset));
  for (const reference of names.references) {
    const problem = checkReference(reference, known);
    if (problem !== undefined) problems.push(problem);
  }
  return problems;
}

function checkReference(reference: Reference, known: KnownNames): NameProblem | undefined {
  const { root, path, offset } = reference;
  const { elsewhere = {} } = known;
  if (!known.roots.includes(root)) {
    if (typeNames.includes(root)) return undefined;
    const message = `no name ${quote(root)}`;
    return elsewhere[root] === undefined
      ? unknown(message, root, known.roots, offset)
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
  if (id === undefined) return unknown(`no task ${quote(name)}`, name, all, offset);
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
): NameProblem {
  const suggestion = suggest(name, known);
  return { message, offset, ...(suggestion === undefined ? {} : { suggestion }) };
}
