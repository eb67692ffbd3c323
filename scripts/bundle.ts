// Bundles every service, the CLI and the sandbox: one folder each with main.mjs, what it imports lazily, and the
// data it reads. `node scripts/bundle.ts [names…] [--out dist]` shows the sizes; `npm start`, the tests and the
// images use the same bundles, those of --out with source maps. What did not change is not made again.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { buildOptions, buildTarget, type Extras } from "./bundle/build.ts";
import { findBundle, keepBundle } from "./bundle/cache.ts";
import { targetsIn, type Target } from "./bundle/targets.ts";

export interface Bundle {
  readonly name: string;
  /** The program: `node <file>`. Its folders of data are beside it. */
  readonly file: string;
  /** False when it was found in the cache. */
  readonly built: boolean;
}

export interface BundleOptions {
  /** Names of services, `chasqui` or `sandbox`; without it, all. */
  readonly only?: readonly string[];
  readonly root?: string;
  /** Where bundles are kept. */
  readonly store?: string;
  /** Beside each file; without it, none. */
  readonly sourceMaps?: boolean;
}

const ROOT = path.dirname(import.meta.dirname);

export async function bundleAll(options: BundleOptions = {}): Promise<Bundle[]> {
  const { only, root = ROOT, store = path.join(root, ".chasqui/bundles") } = options;
  const extras = { sourceMaps: options.sourceMaps ?? false };
  const all = targetsIn(root);
  for (const name of only ?? [])
    if (!all.some((target) => target.name === name))
      throw new Error(`no bundle ${name}: want one of ${all.map((t) => t.name).join(", ")}`);
  const targets = all.filter(({ name }) => only?.includes(name) ?? true);
  const bundles: Bundle[] = [];
  const waiting = targets.entries();
  const lanes = Array.from({ length: availableParallelism() }, async () => {
    for (const [index, target] of waiting)
      bundles[index] = await bundleOne(root, path.join(store, target.name), target, extras);
  });
  await Promise.all(lanes); // all at once they want 2 GB, and a third more of time
  return bundles;
}

async function bundleOne(
  root: string,
  store: string,
  target: Target,
  extras: Extras,
): Promise<Bundle> {
  const options = `${buildOptions} ${JSON.stringify(extras)}`;
  const found = findBundle(root, store, options);
  if (found !== undefined)
    return { name: target.name, file: path.join(found, "main.mjs"), built: false };
  mkdirSync(store, { recursive: true });
  const startedMs = Date.now();
  const built = mkdtempSync(path.join(store, "building-"));
  try {
    const files = await buildTarget(root, target, built, extras);
    const folder = keepBundle({ root, store, options, target, built, files, startedMs });
    return { name: target.name, file: path.join(folder, "main.mjs"), built: true };
  } finally {
    rmSync(built, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { out: { type: "string" } },
  });
  const startMs = performance.now();
  const bundles = await bundleAll({
    ...(positionals.length > 0 ? { only: positionals } : {}),
    sourceMaps: values.out !== undefined,
  });
  const tookMs = Math.round(performance.now() - startMs);
  for (const { name, file, built } of bundles) {
    const folder = path.dirname(file);
    if (values.out !== undefined) copyOut(folder, path.join(ROOT, values.out, name));
    const sizes = `${kibOf(file)} KiB at start, ${kibBelow(folder)} KiB in all`;
    console.log(`${name.padEnd(16)} ${sizes}${built ? "" : ", unchanged"}`);
  }
  console.log(`${bundles.length} bundles in ${tookMs} ms`);
}

function copyOut(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true });
}

function kibOf(file: string): number {
  return Math.round(statSync(file).size / 1024);
}

/** Programs only: neither source maps nor data. */
function kibBelow(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".mjs"))
    .reduce((sum, entry) => sum + kibOf(path.join(entry.parentPath, entry.name)), 0);
}

if (import.meta.main)
  await main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
