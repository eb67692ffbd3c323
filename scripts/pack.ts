// `npm run pack`: what other repositories install, as tarballs in dist/packages: JavaScript and types of each library
// (`tsc`, file by file), with a package.json for the world outside of this workspace.
// Invariant: a package holds no TypeScript source and no test, and each of its imports leads somewhere without us.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { runChild } from "./child.ts";
import { danglingImports, type PackedFolder } from "./pack/check-imports.ts";
import { doorsOf, type Manifest, packedManifest } from "./pack/manifest.ts";

/** Folders below libs/. All but the sandbox: four that people import, and what these stand on. */
const PACKED = ["contracts", "machine", "dag", "bus", "chassis", "runner", "cli"] as const;
/** Folders that go along as they are. */
const DATA = ["bin", "schema"] as const;
const STEP_MS_MAX = 120_000;
const ROOT = path.dirname(import.meta.dirname);

export interface Packed {
  readonly name: string;
  /** The tarball. */
  readonly file: string;
}

interface Library {
  /** Its sources. */
  readonly folder: string;
  readonly manifest: Manifest;
}

/** Makes the tarballs in `out`, whose earlier content goes. */
export async function packAll(out: string, root: string = ROOT): Promise<Packed[]> {
  const build = path.join(out, "build");
  rmSync(out, { recursive: true, force: true });
  mkdirSync(build, { recursive: true });
  const libraries = PACKED.map((lib) => readLibrary(path.join(root, "libs", lib)));
  await compile(root, build, libraries);
  const packages = libraries.map((library) => layOut(root, build, library));
  const dangling = danglingImports(packages);
  if (dangling.length > 0)
    throw new Error(`imports that lead nowhere in a package:\n  ${dangling.join("\n  ")}`);
  const folders = packages.map(({ folder }) => folder);
  const packed = await run("npm", ["pack", "--json", "--pack-destination", out, ...folders], root);
  const tarballs = JSON.parse(packed) as { name: string; filename: string }[]; // npm's own words
  rmSync(build, { recursive: true });
  return tarballs.map(({ name, filename }) => ({ name, file: path.join(out, filename) }));
}

function readLibrary(folder: string): Library {
  const text = readFileSync(path.join(folder, "package.json"), "utf8");
  return { folder, manifest: JSON.parse(text) as Manifest };
}

/** Every module that a door or a program reaches, into `build/<lib>/src`. */
async function compile(root: string, build: string, libraries: readonly Library[]): Promise<void> {
  const doors = libraries.flatMap(({ folder, manifest }) =>
    doorsOf(manifest).map(([door, source]): [name: string, file: string] => [
      path.posix.join(manifest.name, door),
      path.join(folder, source),
    ]),
  );
  const programs = libraries.map(({ folder }) => path.join(folder, "src/main.ts"));
  const config = {
    extends: path.join(root, "tsconfig.json"),
    compilerOptions: {
      noEmit: false,
      noCheck: true, // `npm run check` does; the declarations are the same
      declaration: true,
      rewriteRelativeImportExtensions: true,
      rootDir: path.join(root, "libs"),
      outDir: build,
      // Found through node_modules, our packages would count as somebody else's, and tsc 7.0.2 then writes a
      // package's door and now and then nothing behind it.
      paths: Object.fromEntries(doors.map(([name, file]) => [name, [file]])),
      typeRoots: [path.join(root, "node_modules/@types")],
    },
    include: [],
    files: [...doors.map(([, file]) => file), ...programs.filter((file) => existsSync(file))],
  };
  const file = path.join(build, "tsconfig.json");
  writeFileSync(file, JSON.stringify(config));
  await run(path.join(root, "node_modules/.bin/tsc"), ["-p", file], root);
}

/** One package as npm shall pack it. */
function layOut(
  root: string,
  build: string,
  { folder: source, manifest: own }: Library,
): PackedFolder {
  const lib = path.basename(source);
  const folder = path.join(build, "packages", lib);
  cpSync(path.join(build, lib, "src"), path.join(folder, "dist"), { recursive: true });
  for (const name of [...DATA, "README.md"])
    if (existsSync(path.join(source, name)))
      cpSync(path.join(source, name), path.join(folder, name), { recursive: true });
  cpSync(path.join(root, "LICENSE"), path.join(folder, "LICENSE"));
  const manifest = packedManifest(own);
  writeFileSync(path.join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  return { folder, manifest };
}

async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  const { code, output } = await runChild({
    command,
    args,
    cwd,
    timeoutMs: STEP_MS_MAX,
    live: false,
  });
  if (code !== 0) throw new Error(`${command} ${args[0]} ended with ${code}:\n${output}`);
  return output;
}

if (import.meta.main)
  await packAll(path.join(ROOT, "dist/packages"))
    .then((packed) => {
      for (const { name, file } of packed)
        console.log(`${name.padEnd(18)} ${path.relative(process.cwd(), file)}`);
    })
    .catch((error: unknown) => {
      console.error(error instanceof Error ? error.message : error);
      process.exitCode = 1;
    });
