// Builds one target into a folder with esbuild. `buildOptions` stands for all that the output depends on
// beside its inputs.
import type { BuildOptions } from "esbuild";
import { createHash } from "node:crypto";
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { directImports } from "./direct-imports.ts";
import { leanVertex } from "./lean-vertex.ts";
import {
  lazyBuiltins,
  lazyCommonJs,
  leanGrpc,
  leanKubernetes,
  leanOtel,
  leanZod,
  nativeBase64,
  unusedLeftOut,
} from "./plugins.ts";
import type { Target } from "./targets.ts";

/** CommonJS packages inside an ES module want these; aliased, since bundled code has such names of its own. */
const COMMONJS_BANNER =
  "import{createRequire as __cr}from'node:module';import{fileURLToPath as __fu}from'node:url';" +
  "import{dirname as __dn}from'node:path';" +
  "const require=__cr(import.meta.url),__filename=__fu(import.meta.url),__dirname=__dn(__filename);";

const nodeOptions = {
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node24",
  splitting: true, // what is imported lazily is read lazily
  outExtension: { ".js": ".mjs" },
  minifyWhitespace: true, // V8 keeps the text: 1 MB a process; names and short lines stay, for stack traces
  lineLimit: 100,
  chunkNames: "chunks/[name]-[hash]",
  sourcesContent: false,
  legalComments: "none",
  banner: { js: COMMONJS_BANNER },
  logLevel: "silent", // what fails is thrown, with its messages
} as const satisfies BuildOptions;

const webOptions = {
  bundle: true,
  splitting: true, // as above
  format: "esm",
  platform: "browser",
  target: "es2022",
  jsx: "automatic",
  minify: true,
  legalComments: "none",
  define: { "process.env.NODE_ENV": '"production"' },
  loader: { ".svg": "dataurl", ".woff2": "file" },
  logLevel: "silent",
} as const satisfies BuildOptions;

/** The options are in this file, what is replaced while bundling in the others. */
export const buildOptions = ["build.ts", "direct-imports.ts", "plugins.ts", "lean-vertex.ts"]
  .map((file) => createHash("sha256").update(readFileSync(path.join(import.meta.dirname, file))))
  .map((hash) => hash.digest("hex"))
  .join(" ");

export interface Extras {
  /** For programs that are run with --enable-source-maps; making the maps is a fifth of a build. */
  readonly sourceMaps: boolean;
}

/** Answers the files that were read, relative to the root. */
export async function buildTarget(
  root: string,
  target: Target,
  folder: string,
  { sourceMaps }: Extras,
): Promise<string[]> {
  const { build } = await import("esbuild");
  const sourcemap = sourceMaps ? "linked" : false;
  const results = await Promise.all([
    build({
      ...nodeOptions,
      sourcemap,
      absWorkingDir: root,
      entryPoints: { main: target.entry },
      outdir: folder,
      metafile: true,
      plugins: [
        directImports,
        lazyBuiltins,
        lazyCommonJs,
        leanOtel,
        leanGrpc,
        leanKubernetes,
        leanVertex,
        leanZod,
        nativeBase64,
        unusedLeftOut,
      ],
    }),
    ...(target.web === undefined
      ? []
      : [
          build({
            ...webOptions,
            sourcemap,
            absWorkingDir: root,
            entryPoints: { main: target.web },
            outdir: path.join(folder, "web-dist"),
            metafile: true,
          }),
        ]),
  ]);
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }))
    if (name.endsWith(".mjs")) makeAscii(path.join(folder, name));
  for (const asset of target.assets)
    cpSync(asset, path.join(folder, path.basename(asset)), { recursive: true });
  if (target.web !== undefined) copyPages(path.dirname(target.web), path.join(folder, "web-dist"));
  return results
    .flatMap(({ metafile }) => Object.keys(metafile.inputs))
    .filter((input) => existsSync(path.join(root, input))); // the plugins' own modules are no files
}

/**
 * One character beyond ASCII makes V8 keep the whole file in two bytes a character: 2.5 MB for nothing. esbuild
 * escapes them in texts and names, but leaves comments and regular expressions, where an escape means the same.
 */
function makeAscii(file: string): void {
  const code = readFileSync(file, "utf8");
  if (!/[^\x00-\x7f]/.test(code)) return;
  const lines = code.split("\n").map((line) =>
    line.includes("String.raw") // the one place where it would not
      ? line
      : line.replace(/[^\x00-\x7f]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`),
  );
  writeFileSync(file, lines.join("\n"));
}

/** Pages and pictures of the web front go along as they are. */
function copyPages(from: string, to: string): void {
  for (const name of readdirSync(from))
    if (/\.(html|svg|ico|png|webmanifest)$/.test(name))
      cpSync(path.join(from, name), path.join(to, name));
}
