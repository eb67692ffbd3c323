// Deployment files as data: read from the folder as they are, or as kustomize puts an environment together.
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { parseAllDocuments } from "yaml";

export const root = path.resolve(import.meta.dirname, "../../..");
export const kubernetes = path.join(root, "deploy/kubernetes");
export const overlays = ["dev", "staging", "prod"] as const;

export type Tree = { readonly [key: string]: unknown };

export interface Manifest extends Tree {
  readonly kind: string;
  readonly metadata: { readonly name: string } & Tree;
}

/** Whether `kubectl kustomize` is there; without it environments cannot be put together. */
export const hasKubectl = ((): boolean => {
  try {
    execFileSync("kubectl", ["kustomize", "--help"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

export function documentsIn(text: string, from: string): Tree[] {
  return parseAllDocuments(text).map((document) => {
    if (document.errors.length > 0)
      throw new Error(`${from}: ${document.errors.map(String).join("; ")}`);
    const value: unknown = document.toJS();
    if (!isTree(value)) throw new Error(`${from}: want a mapping, not ${JSON.stringify(value)}`);
    return value;
  });
}

export const readYaml = (file: string): Tree[] =>
  documentsIn(readFileSync(path.join(root, file), "utf8"), file);

/** Every YAML file below a folder, relative to the root. */
export function yamlBelow(folder: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .sort();
}

/** An environment as it would be applied. */
export function buildOverlay(name: string): Manifest[] {
  const text = execFileSync(
    "kubectl",
    [
      "kustomize",
      "--load-restrictor",
      "LoadRestrictionsNone",
      path.join(kubernetes, "overlays", name),
    ],
    { encoding: "utf8", maxBuffer: 64e6 },
  );
  return documentsIn(text, `overlay ${name}`).map(asManifest);
}

export function asManifest(tree: Tree): Manifest {
  const { kind, metadata } = tree;
  if (typeof kind !== "string" || !isTree(metadata) || typeof metadata["name"] !== "string")
    throw new Error(`no manifest: ${JSON.stringify(tree).slice(0, 200)}`);
  return { ...tree, kind, metadata: { ...metadata, name: metadata["name"] } };
}

export const isTree = (value: unknown): value is Tree =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The value at a path of keys; undefined where there is none. */
export function at(value: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce((inner, key) => (isTree(inner) ? inner[key] : undefined), value);
}

/** The mappings of a list; nothing for anything else. */
export const listAt = (value: unknown, ...keys: readonly string[]): readonly Tree[] => {
  const found = at(value, ...keys);
  return Array.isArray(found) ? found.filter(isTree) : [];
};

export const textAt = (value: unknown, ...keys: readonly string[]): string =>
  String(at(value, ...keys) ?? "");

/** Pod templates of whatever has one. */
export const podOf = (manifest: Tree): Tree | undefined => {
  const pod = at(manifest, "spec", "template", "spec");
  return isTree(pod) ? pod : undefined;
};
