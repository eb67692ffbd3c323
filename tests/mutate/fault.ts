// A fault: one small change of a source, as somebody could make it by mistake, and the tests that must find it.

export interface Tests {
  readonly project: "unit" | "integration";
  readonly files: readonly string[];
  /** Only tests with this in their name: spares minutes where a file waits for time-outs of a real server. */
  readonly name?: string;
}

export interface Fault {
  /** From the root of the tree. */
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** What would go wrong in life. */
  readonly why: string;
  readonly tests: Tests;
}

export const unit = (...files: readonly string[]): Tests => ({ project: "unit", files });
export const integration = (file: string, name?: string): Tests => ({
  project: "integration",
  files: [file],
  ...(name === undefined ? {} : { name }),
});

/** The source with the fault in it. Throws when the text to change is not there exactly once. */
export function planted(fault: Pick<Fault, "file" | "find" | "replace">, source: string): string {
  const { file, find, replace } = fault;
  const times = find === "" ? 0 : source.split(find).length - 1;
  if (times !== 1)
    throw new Error(
      `${file}: the text to change occurs ${times} times: want it once: ${JSON.stringify(find)}`,
    );
  if (find === replace)
    throw new Error(`${file}: ${JSON.stringify(find)} is replaced by itself: want a change`);
  return source.replace(find, () => replace);
}
