// `npm run pack`: what other repositories install, as tarballs in dist/packages: JavaScript and types of each library
// (`tsc`, file by file), with a package.json for the world outside of this workspace.
// Invariant: a package holds no TypeScript source, no test, and depends only on what npm can find.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { runChild } from "./child.ts";
import { type Manifest, packedManifest } from "./pack/manifest.ts";

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

/** Makes the tarballs in `out`, whose earlier content goes. */
export async function packAll(out: string, root: string = ROOT): Promise<Packed[]> {
  const build = path.join(out, "build");
  rmSync(out, { recursive: true, force: true });
  mkdirSync(build, { recursive: true });
  await compile(root, build);
  const folders = PACKED.map((lib) => layOut({ root, build, lib }));
  const packed = await run("npm", ["pack", "--json", "--pack-destination", out, ...folders], root);
  const tarballs = JSON.parse(packed) as { name: string; filename: string }[]; // npm's own words
  rmSync(build, { recursive: true });
  return tarballs.map(({ name, filename }) => ({ name, file: path.join(out, filename) }));
}

/** Every module that a door or a program reaches, into `build/<lib>/src`. */
async function compile(root: string, build: string): Promise<void> {
  const entries = PACKED.flatMap((lib) =>
    ["index.ts", "main.ts"].map((file) => path.join(root, "libs", lib, "src", file)),
  );
  const config = {
    extends: path.join(root, "tsconfig.json"),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      rewriteRelativeImportExtensions: true,
      rootDir: path.join(root, "libs"),
      outDir: build,
      typeRoots: [path.join(root, "node_modules/@types")],
    },
    include: [],
    files: entries.filter((file) => existsSync(file)),
  };
  const file = path.join(build, "tsconfig.json");
  writeFileSync(file, JSON.stringify(config));
  await run(path.join(root, "node_modules/.bin/tsc"), ["-p", file], root);
}

interface Place {
  readonly root: string;
  readonly build: string;
  readonly lib: string;
}

/** One package as npm shall pack it; answers its folder. */
function layOut({ root, build, lib }: Place): string {
  const source = path.join(root, "libs", lib);
  const folder = path.join(build, "packages", lib);
  cpSync(path.join(build, lib, "src"), path.join(folder, "dist"), { recursive: true });
  for (const name of [...DATA, "README.md"])
    if (existsSync(path.join(source, name)))
      cpSync(path.join(source, name), path.join(folder, name), { recursive: true });
  cpSync(path.join(root, "LICENSE"), path.join(folder, "LICENSE"));
  const own = JSON.parse(readFileSync(path.join(source, "package.json"), "utf8")) as Manifest;
  const manifest = `${JSON.stringify(packedManifest(own), null, 2)}\n`;
  writeFileSync(path.join(folder, "package.json"), manifest);
  return folder;
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
