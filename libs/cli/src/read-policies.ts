// policies/*.yaml as commands read them.
import { environments } from "@chasqui/chassis/environment";
import { formatProblem, readPolicies } from "@chasqui/dag";
import type { Policy } from "@chasqui/dag";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import type { Cli } from "./cli.ts";
import { CliError, exitCodes } from "./errors.ts";

const POLICY_FILE = /\.ya?ml$/;

/** The policies of a folder; of `policies` when none is named and there is one. */
export function loadPolicies(cli: Cli, named: string | undefined): readonly Policy[] {
  const folder = path.resolve(cli.cwd, named ?? "policies");
  if (!existsSync(folder)) {
    if (named === undefined) return [];
    throw new CliError(exitCodes.notFound, `${named}: no such folder`, {
      hint: "want a folder of policy files, *.yaml",
    });
  }
  const texts = readdirSync(folder)
    .filter((name) => POLICY_FILE.test(name))
    .sort()
    .map((name) => {
      const full = path.join(folder, name);
      return { file: path.relative(cli.cwd, full), text: readFileSync(full, "utf8") };
    });
  const { policies, problems } = readPolicies(texts, { environments: environmentsOf(cli) });
  if (problems.length > 0)
    throw new CliError(exitCodes.failed, problems.map(formatProblem).join("\n"), {
      hint: "no DAG is judged by rules that cannot be read",
    });
  return policies;
}

/** Chasqui's own, and those that have a file here. */
function environmentsOf(cli: Cli): string[] {
  const folder = path.join(cli.cwd, "environments");
  const files = existsSync(folder) ? readdirSync(folder) : [];
  const named = files.filter((name) => POLICY_FILE.test(name));
  return [...new Set([...environments, ...named.map((name) => name.replace(POLICY_FILE, ""))])];
}
