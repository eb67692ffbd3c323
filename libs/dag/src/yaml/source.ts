// Where a value stands in its file. The compiler works on plain JSON values and asks the source for positions,
// so that YAML files, TypeScript objects and specs from the wire go through the same checks.
import type { JsonValue } from "@bufbuild/protobuf";
import { limits } from "../limits.ts";
import type { Position, Problem } from "../problem.ts";
import { positionsIn } from "../text/positions.ts";
import { outlineOf } from "./code-outline.ts";

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
  locate(path: Path, at?: "key" | "value", offset?: number | undefined): Position;
}

/**
 * A value that code gave: its fields are looked for in the text of the code; without it every position is the file's
 * beginning. What JSON cannot hold is a problem.
 */
export function objectSource(value: unknown, file: string, code = ""): Source {
  const find = outlineOf(code);
  const positionOf = positionsIn(code);
  const locate: Source["locate"] = (path, at = "value", offset) =>
    positionOf(find(path, at, offset) ?? 0);
  const problem = (message: string): Source => ({
    file,
    value: undefined,
    problems: [{ file, line: 1, column: 1, message, severity: "error" }],
    locate,
  });
  let json: JsonValue | undefined;
  try {
    const text: string | undefined = JSON.stringify(value);
    json = text === undefined ? undefined : JSON.parse(text);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message.split("\n")[0] : String(thrown);
    return problem(`the DAG cannot be written as JSON: ${why}`);
  }
  if (json === undefined) return problem("the DAG is nothing: want a map");
  if (!isShallow(json, limits.depthMax))
    return problem(`nested more than ${limits.depthMax} levels deep`);
  return { file, value: json, problems: [], locate };
}

function isShallow(value: JsonValue, levels: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return levels > 0 && Object.values(value).every((item) => isShallow(item, levels - 1));
}
