// Where a value stands in its file. The compiler works on plain JSON values and asks the source for positions,
// so that YAML files, TypeScript objects and specs from the wire go through the same checks.
import type { JsonValue } from "@bufbuild/protobuf";
import type { Position, Problem } from "../problem.ts";

export type Path = readonly (string | number)[];

export interface Source {
  readonly file: string;
  /** Undefined when the text is so broken that there is no value. */
  readonly value: JsonValue | undefined;
  /** What is wrong with the text itself. */
  readonly problems: readonly Problem[];
  /**
   * Where the value at `path` (or its key) stands; `offset` counts characters into a string.
   * A path that does not exist gives the nearest value around it.
   */
  locate(path: Path, at?: "key" | "value", offset?: number): Position;
}

/** A value that has no text: every position is the file's beginning. */
export function objectSource(value: JsonValue, file: string): Source {
  return { file, value, problems: [], locate: () => ({ line: 1, column: 1 }) };
}
