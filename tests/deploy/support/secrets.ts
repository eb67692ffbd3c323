// The secrets that people make in an environment's namespace. deploy/README.md lists them; nothing else may be named.
import { readFileSync } from "node:fs";
import path from "node:path";
import { root } from "./manifests.ts";

interface SecretRow {
  readonly name: string;
  readonly environments: readonly string[];
  readonly keys: readonly string[];
}

/** The rows of the table "Secrets" in deploy/README.md. */
export function secretTable(): SecretRow[] {
  const text = readFileSync(path.join(root, "deploy/README.md"), "utf8");
  const rows = text.matchAll(/^\| `([a-z0-9-]+)`\s+\| ([a-z, ]+?)\s+\| (.+?)\s+\|/gm);
  return [...rows].map(([, name = "", environments = "", keys = ""]) => ({
    name,
    environments: environments.split(", "),
    keys: [...keys.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? ""),
  }));
}

export const secretsToMake = (environment: string): string[] =>
  secretTable()
    .filter(({ environments }) => environments.includes(environment) || environments[0] === "all")
    .map(({ name }) => name);
