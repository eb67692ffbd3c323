// Looks at a package as npm shall pack it: every import must lead somewhere when nothing of the workspace is there.
import { existsSync, globSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import path from "node:path";
import type { PackedManifest } from "./manifest.ts";

export interface PackedFolder {
  readonly folder: string;
  readonly manifest: PackedManifest;
}

/** "file: imports x", for each import that leads nowhere. */
export function danglingImports(packages: readonly PackedFolder[]): string[] {
  const doors = new Set(
    packages.flatMap(({ manifest: { name, exports } }) =>
      Object.keys(exports).map((door) => path.posix.join(name, door)),
    ),
  );
  return packages.flatMap(({ folder, manifest }) =>
    globSync("**/*.{js,mjs,d.ts}", { cwd: folder }).flatMap((file) =>
      importsIn(readFileSync(path.join(folder, file), "utf8"))
        .filter((from) => {
          if (from.startsWith(".")) return !leadsToFile(path.join(folder, file), from);
          if (isBuiltin(from)) return false;
          const name = packageOf(from);
          if (manifest.dependencies[name] === undefined) return true;
          return packages.some((one) => one.manifest.name === name) && !doors.has(from);
        })
        .map((from) => `${manifest.name} ${file}: imports ${from}`),
    ),
  );
}

/** Static and dynamic imports, re-exports, and the types that declarations name by `import("…")`. */
function importsIn(code: string): string[] {
  const found = code.matchAll(
    /^(?:import|export|\})[^"'`=\n]*["']([^"'\n]+)["'](?: with \{.*\})?;|\bimport\("([^"\n]+)"\)/gm,
  );
  return [...found].map(([, direct, dynamic]) => direct ?? dynamic ?? "");
}

const leadsToFile = (file: string, from: string): boolean => {
  const target = path.join(path.dirname(file), from);
  // A declaration names its neighbour by the source's name, as TypeScript reads it.
  return existsSync(file.endsWith(".d.ts") ? target.replace(/\.[jt]s$/, ".d.ts") : target);
};

const packageOf = (from: string): string =>
  from
    .split("/")
    .slice(0, from.startsWith("@") ? 2 : 1)
    .join("/");
