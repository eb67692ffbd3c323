// A compiled DAG, checked once more by whoever receives it: a server trusts no client's compiler.
// It is the compiler's own check, so that the two never disagree; positions are left out, for there is no file.
import type { DagSpec } from "@chasqui/contracts";
import type { KnownConnections } from "./compile/check-connections.ts";
import { compileDagObject } from "./compile/compile-dag.ts";
import { specToObject } from "./decompile.ts";
import { diffSpecs } from "./diff.ts";
import { quote } from "./text/suggest.ts";

export interface CheckOptions {
  /** Kinds that runners of this installation announced, beside the built-in ones. */
  readonly customKinds: readonly string[];
  /** The installation's own. */
  readonly connections?: KnownConnections;
}

/** What is wrong with the specification; nothing when it can run. Never throws. */
export function checkSpec(spec: DagSpec, options: CheckOptions): string[] {
  const seen = new Set<string>();
  for (const { id } of [...spec.tasks, ...spec.groups]) {
    if (seen.has(id)) return [`two tasks or groups have the id ${quote(id)}`];
    seen.add(id);
  }
  const kinds = Object.fromEntries(options.customKinds.map((kind) => [kind, undefined]));
  const compiled = compileDagObject(specToObject(spec), spec.id, {
    kinds,
    ...(options.connections === undefined ? {} : { connections: options.connections }),
  });
  if (compiled.ok) return diffSpecs(spec, compiled.spec).map(notCompiled);
  return compiled.problems
    .filter(({ severity }) => severity === "error")
    .map(({ message, suggestion }) =>
      suggestion === undefined ? message : `${message}; ${suggestion}`,
    );
}

/** What only the compiler resolves (needs of groups, short forms) must be resolved before: the machine trusts it. */
const notCompiled = (line: string): string =>
  `the specification is not as the compiler writes it: compiled, it has ${line}`;
