// What DAGs may use in this installation beyond the built-in kinds: from environments/<env>.yaml, and from the
// server when there is one.
import { readEnvironmentFile } from "@chasqui/chassis";
import { builtInKindSchemas } from "@chasqui/contracts";
import type { CompileOptions } from "@chasqui/dag";
import { existsSync } from "node:fs";
import path from "node:path";
import type { Cli } from "./cli.ts";
import { kindsFromJson } from "./dag-files.ts";
import { CliError, exitCodes } from "./errors.ts";

export interface KnownOptions {
  /** Name of an environment; absent means CHASQUI_ENVIRONMENT, else local. */
  readonly environment?: string | undefined;
  /** Ask the server: yes, or only when it was named and answers. */
  readonly server: "required" | "when named";
}

export async function knownKinds(cli: Cli, options: KnownOptions): Promise<CompileOptions> {
  const own = await fromEnvironment(cli, options.environment);
  const announced = await fromServer(cli, options.server);
  const kinds = { ...own.kinds };
  // The compiler's own schemas of the built-in kinds are those of this version: they stay.
  for (const [kind, schema] of Object.entries(announced))
    if (!Object.hasOwn(builtInKindSchemas, kind)) kinds[kind] = schema ?? kinds[kind];
  return { ...own, kinds };
}

async function fromEnvironment(cli: Cli, name: string | undefined): Promise<CompileOptions> {
  const environment = name ?? cli.env["CHASQUI_ENVIRONMENT"] ?? "local";
  const given = name === undefined ? cli.env["CHASQUI_ENVIRONMENT_FILE"] : undefined;
  const file = path.resolve(cli.cwd, given ?? path.join("environments", `${environment}.yaml`));
  if (!existsSync(file)) {
    if (name === undefined && given === undefined) return {};
    throw new CliError(exitCodes.notFound, `environment ${environment}: no file ${file}`);
  }
  try {
    const { runners, vars } = await readEnvironmentFile(file);
    const kinds = Object.values(runners).flat();
    return {
      kinds: Object.fromEntries(kinds.map((kind) => [kind, undefined])),
      vars: Object.keys(vars),
    };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(exitCodes.failed, why, { cause });
  }
}

async function fromServer(
  cli: Cli,
  mode: KnownOptions["server"],
): Promise<NonNullable<CompileOptions["kinds"]>> {
  if (mode === "when named" && !cli.env["CHASQUI_SERVER"]) return {};
  try {
    const server = await cli.connect();
    return kindsFromJson(await server.getJson("/api/kinds"));
  } catch (thrown) {
    if (mode === "required" || !(thrown instanceof CliError)) throw thrown;
    return {};
  }
}
