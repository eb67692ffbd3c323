// Data that a service reads while it runs: in its folder when it runs from source, next to the program when it
// runs bundled. Both are found by walking up from the module that asks.
import { existsSync } from "node:fs";
import path from "node:path";

const UP_MAX = 4;

/** `assetFolder(import.meta.dirname, "drizzle")`: the nearest folder of that name at or above the module's. */
export function assetFolder(from: string, name: string): string {
  let folder = from;
  for (let up = 0; up <= UP_MAX; up++) {
    const found = path.join(folder, name);
    if (existsSync(found)) return found;
    folder = path.dirname(folder);
  }
  throw new Error(`no folder ${name} in ${from} or up to ${UP_MAX} folders above it`);
}
