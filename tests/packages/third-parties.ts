// What npm would fetch from a registry, taken from what is installed here: an install in an empty folder then needs
// no network and gets the versions of the lock file. npm itself still checks that nothing is missing.
import { cpSync, existsSync, readFileSync } from "node:fs";
import path from "node:path";

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const isOurs = (name: string): boolean => name === "chasqui" || name.startsWith("@chasqui/");
const readManifest = (folder: string): Manifest =>
  JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8")) as Manifest;

/** Names of other people's packages that the package.json in this folder asks for. */
export const thirdPartiesOf = (folder: string): string[] => {
  const { dependencies, devDependencies } = readManifest(folder);
  return Object.keys({ ...dependencies, ...devDependencies }).filter((name) => !isOurs(name));
};

/** Copies these packages and all that they need into `to`, each to the place that it has in `from`. */
export function bringThirdParties(
  names: readonly string[],
  { from, to }: { readonly from: string; readonly to: string },
): void {
  const brought = new Set<string>();
  const waiting = names.map((name) => ({ name, near: "." }));
  for (let asked = waiting.pop(); asked !== undefined; asked = waiting.pop()) {
    const place = findPackage(from, asked.name, asked.near);
    if (place === undefined || brought.has(place)) continue; // npm says so if it is missed
    brought.add(place);
    const source = path.join(from, place);
    cpSync(source, path.join(to, place), {
      recursive: true,
      filter: (file) => !path.relative(source, file).split(path.sep).includes("node_modules"),
    });
    const { dependencies, optionalDependencies, peerDependencies } = readManifest(source);
    for (const name of Object.keys({
      ...dependencies,
      ...optionalDependencies,
      ...peerDependencies,
    }))
      waiting.push({ name, near: place });
  }
}

/** As Node looks for it: in the nearest node_modules upwards; relative to `root`. */
function findPackage(root: string, name: string, near: string): string | undefined {
  for (let folder = near; ; folder = path.dirname(folder)) {
    const place = path.join(folder, "node_modules", name);
    if (
      path.basename(folder) !== "node_modules" &&
      existsSync(path.join(root, place, "package.json"))
    )
      return place;
    if (folder === ".") return undefined;
  }
}
