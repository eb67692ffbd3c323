// What npm would fetch from a registry, taken from what is installed here: an install in an empty folder then needs
// no network and gets the versions of the lock file. npm itself still checks that nothing is missing.
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
} from "node:fs";
import path from "node:path";

type Names = Readonly<Record<string, unknown>>;
interface Manifest {
  readonly bin?: string | Readonly<Record<string, string>>;
  readonly dependencies?: Names;
  readonly devDependencies?: Names;
  readonly optionalDependencies?: Names;
  readonly peerDependencies?: Names;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

export interface Way {
  readonly from: string;
  readonly to: string;
}

const isOurs = (name: string): boolean => name === "chasqui" || name.startsWith("@chasqui/");
const readManifest = (folder: string): Manifest =>
  JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8")) as Manifest;

/** Names of other people's packages that the package.json in this folder asks for. */
export const thirdPartiesOf = (folder: string): string[] => {
  const { dependencies, devDependencies } = readManifest(folder);
  return Object.keys({ ...dependencies, ...devDependencies }).filter((name) => !isOurs(name));
};

/** Brings these packages and all that they need, each to the place that it has in `from`. */
export function bringThirdParties(names: readonly string[], { from, to }: Way): void {
  const brought = new Set<string>();
  const waiting = names.map((name) => ({ name, near: "." }));
  for (let asked = waiting.pop(); asked !== undefined; asked = waiting.pop()) {
    const place = findPackage(from, asked.name, asked.near);
    if (place === undefined || brought.has(place)) continue; // npm says so if it is missed
    brought.add(place);
    linkFiles({ from: path.join(from, place), to: path.join(to, place) });
    for (const name of needsOf(readManifest(path.join(from, place))))
      waiting.push({ name, near: place });
  }
  for (const place of brought) linkPrograms(to, place);
}

/** As Node looks for it: in the nearest node_modules upwards; relative to `root`. */
function findPackage(root: string, name: string, near: string): string | undefined {
  for (let folder = near; ; folder = path.dirname(folder)) {
    const place = path.join(folder, "node_modules", name);
    const isLevel = path.basename(folder) !== "node_modules";
    if (isLevel && existsSync(path.join(root, place, "package.json"))) return place;
    if (folder === ".") return undefined;
  }
}

function needsOf(manifest: Manifest): string[] {
  const { dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta } = manifest;
  const peers = Object.keys(peerDependencies ?? {}).filter(
    (name) => peerDependenciesMeta?.[name]?.optional !== true,
  );
  return [...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers];
}

/** Ten thousand files: links, where both places are on one disk. npm replaces files, it never writes into them. */
function linkFiles({ from, to }: Way): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const way = { from: path.join(from, entry.name), to: path.join(to, entry.name) };
    if (entry.isDirectory() && entry.name !== "node_modules") linkFiles(way);
    if (entry.isFile()) linkFile(way);
  }
}

function linkFile({ from, to }: Way): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}

/** Without its link in .bin, npm takes a package for a broken one and fetches it again. */
function linkPrograms(root: string, place: string): void {
  const { bin = {} } = readManifest(path.join(root, place));
  const level = place.slice(0, place.lastIndexOf("node_modules") + "node_modules".length);
  const folder = path.join(root, level, ".bin");
  const programs = typeof bin === "string" ? { [path.basename(place)]: bin } : bin;
  for (const [name, file] of Object.entries(programs)) {
    mkdirSync(folder, { recursive: true });
    symlinkSync(path.relative(folder, path.join(root, place, file)), path.join(folder, name));
  }
}
