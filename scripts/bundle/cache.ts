// Remembers what a bundle was made of, so that an unchanged one is found and not made.
// Invariants:
//   K1. A bundle is used again only if each file that it was made of, its assets, the lock file and these options
//       have the content that they had.
//   K2. A bundle's folder is whole when it has its final name, and never changes after.
import { createHash } from "node:crypto";
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import type { Target } from "./targets.ts";

/** Size and time tell quickly that a file is the same; its hash, that its content is, when they differ. */
interface InputRecord {
  readonly file: string;
  readonly size: number;
  readonly mtimeMs: number;
  readonly hash: string;
}

/** libs/cli/bin/chasqui.mjs reads it, too. */
interface Manifest {
  readonly options: string;
  readonly folder: string;
  readonly inputs: readonly InputRecord[];
}

/** Which packages there are decides what an import finds; npm writes the last one at each installation. */
const ALWAYS_INPUTS = [
  "package-lock.json",
  "package.json",
  "tsconfig.json",
  "node_modules/.package-lock.json",
];
const KEEP_MAX = 3;

/** The folder of the bundle that is still true, or undefined. */
export function findBundle(root: string, store: string, options: string): string | undefined {
  const manifest = readManifest(store);
  if (manifest === undefined || manifest.options !== options) return undefined;
  const folder = path.join(store, manifest.folder);
  if (!existsSync(path.join(folder, "main.mjs"))) return undefined;
  let touched = false;
  const inputs: InputRecord[] = [];
  for (const input of manifest.inputs) {
    const seen = statSync(path.join(root, input.file), { throwIfNoEntry: false });
    if (seen === undefined) return undefined;
    if (seen.size === input.size && seen.mtimeMs === input.mtimeMs) {
      inputs.push(input);
      continue;
    }
    const now = recordOf(root, input.file);
    if (now.hash !== input.hash) return undefined;
    inputs.push(now);
    touched = true;
  }
  if (touched) writeManifest(store, { ...manifest, inputs });
  return folder;
}

export interface FreshBuild {
  readonly root: string;
  readonly store: string;
  readonly options: string;
  readonly target: Target;
  /** Where it was built. */
  readonly built: string;
  /** What it was built from. */
  readonly files: readonly string[];
  readonly startedMs: number;
}

/** Gives a fresh build its name, which says what it was made of, and notes it as the latest. */
export function keepBundle(fresh: FreshBuild): string {
  const { root, store, options, target, built, startedMs } = fresh;
  const always = ALWAYS_INPUTS.filter((file) => existsSync(path.join(root, file)));
  const assets = target.assets.flatMap((folder) => filesBelow(root, folder));
  const inputs = [...new Set([...always, ...fresh.files, ...assets])]
    .sort()
    .map((file) => recordOf(root, file))
    .map((input) =>
      // saved while esbuild ran: which of the two contents it read is not known
      input.mtimeMs >= startedMs ? { ...input, size: -1, hash: `${input.hash}?` } : input,
    );
  const digest = createHash("sha256").update(options);
  for (const { file, hash } of inputs) digest.update(`\0${file}\0${hash}`);
  const name = digest.digest("hex").slice(0, 16);
  const folder = path.join(store, name);
  moveUnlessThere(built, folder);
  writeManifest(store, { options, folder: name, inputs });
  forgetOld(store, name);
  return folder;
}

/** Two builds of the same content may finish at once: the first one stays, somebody may be running it. */
function moveUnlessThere(from: string, to: string): void {
  if (existsSync(to)) return;
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
}

/** Ten bundles are made of the same packages. */
const records = new Map<string, InputRecord>();

function recordOf(root: string, file: string): InputRecord {
  const full = path.join(root, file);
  const { size, mtimeMs } = statSync(full);
  const known = records.get(full);
  if (known?.size === size && known.mtimeMs === mtimeMs) return known;
  const hash = createHash("sha256").update(readFileSync(full)).digest("hex");
  const record = { file, size, mtimeMs, hash };
  records.set(full, record);
  return record;
}

function filesBelow(root: string, folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)));
}

function readManifest(store: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(manifestIn(store), "utf8")) as Manifest; // written by writeManifest, below
  } catch {
    return undefined; // none, or half of one: then the bundle is made again
  }
}

function writeManifest(store: string, manifest: Manifest): void {
  const draft = `${manifestIn(store)}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(manifest));
  renameSync(draft, manifestIn(store));
}

const manifestIn = (store: string): string => path.join(store, "latest.json");

/** A few older ones stay: a process that was started from one may still read its folders. */
function forgetOld(store: string, current: string): void {
  const folders = readdirSync(store, { withFileTypes: true })
    .filter(
      (entry) => entry.isDirectory() && /^[0-9a-f]{16}$/.test(entry.name) && entry.name !== current,
    )
    .map(({ name }) => ({ name, atMs: statSync(path.join(store, name)).mtimeMs }))
    .sort((a, b) => b.atMs - a.atMs);
  for (const { name } of folders.slice(KEEP_MAX - 1))
    rmSync(path.join(store, name), { recursive: true, force: true });
}
