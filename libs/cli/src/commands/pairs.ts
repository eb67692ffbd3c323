// `--option name=value`, given any number of times.
import type { JsonValue } from "@bufbuild/protobuf";
import { usageError } from "../errors.ts";

/** By name; a name that is given twice has its last value. */
export function readPairs<T>(
  option: string,
  pairs: readonly string[],
  want: string,
  read: (value: string) => T | undefined,
): Record<string, T> {
  const values: [string, T][] = pairs.map((pair) => {
    const [, name, text] = /^([^=]+)=([\s\S]*)$/.exec(pair) ?? [];
    const value = text === undefined ? undefined : read(text);
    if (name === undefined || value === undefined)
      throw usageError(`${option} ${JSON.stringify(pair)}: want ${want}`);
    return [name, value];
  });
  return Object.fromEntries(values);
}

/** Undefined when the text is no JSON. */
export function readJson(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
