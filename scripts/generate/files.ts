// Generated files as data: what they should hold, how that differs from the working tree, and putting it there.
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";

export interface GeneratedFiles {
  /** By path from the root of the project. */
  readonly contents: ReadonlyMap<string, string>;
  /** Folders that hold generated files only: what else is there is too much. */
  readonly folders: readonly string[];
}

export interface Drift {
  readonly path: string;
  readonly what: "missing" | "differs" | "too much";
}

export async function readFolder(root: string, folder: string): Promise<Map<string, string>> {
  const entries = await readdir(path.join(root, folder), {
    recursive: true,
    withFileTypes: true,
  }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile());
  const read = files.map(async (entry): Promise<[string, string]> => {
    const file = path.join(entry.parentPath, entry.name);
    const name = path.relative(root, file).replaceAll(path.sep, "/");
    return [name, await readFile(file, "utf8")];
  });
  return new Map(await Promise.all(read));
}

export async function driftOf(root: string, wanted: GeneratedFiles): Promise<Drift[]> {
  const drift: Drift[] = [];
  for (const [name, content] of wanted.contents) {
    const is = await readFile(path.join(root, name), "utf8").catch(() => undefined);
    if (is === undefined) drift.push({ path: name, what: "missing" });
    else if (is !== content) drift.push({ path: name, what: "differs" });
  }
  for (const folder of wanted.folders)
    for (const name of (await readFolder(root, folder)).keys())
      if (!wanted.contents.has(name)) drift.push({ path: name, what: "too much" });
  return drift.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Touches only what differs. */
export async function repair(
  root: string,
  wanted: GeneratedFiles,
  drift: readonly Drift[],
): Promise<void> {
  for (const { path: name } of drift) {
    const file = path.join(root, name);
    const content = wanted.contents.get(name);
    if (content === undefined) await rm(file);
    else {
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, content);
    }
  }
}
