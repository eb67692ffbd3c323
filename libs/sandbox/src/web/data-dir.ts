// Where a stand-in keeps its files: the folder it was given, or one that goes when it stops.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface DataDir {
  readonly path: string;
  /** Removes the folder, if nobody asked for it to be kept. */
  release(): void;
}

export function openDataDir(path: string | undefined, name: string): DataDir {
  if (path !== undefined) {
    mkdirSync(path, { recursive: true });
    return { path, release: () => {} };
  }
  const temporary = mkdtempSync(join(tmpdir(), `chasqui-${name}-`));
  return { path: temporary, release: () => rmSync(temporary, { recursive: true, force: true }) };
}
