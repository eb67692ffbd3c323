// What DAGs may use in this installation beyond the built-in kinds: from environments/<env>.yaml, and from the
// server when there is one.
import { builtInKindSchemas } from "@chasqui/contracts";
import type { CompileOptions } from "@chasqui/dag";
import type { Cli } from "./cli.ts";
import { kindsFromJson } from "./dag-files.ts";
import { CliError } from "./errors.ts";
import type { Environment } from "./read-environment.ts";

/** Ask the server: yes, or only when it was named and answers. */
export type ServerMode = "required" | "when named";

export async function knownKinds(
  cli: Cli,
  environment: Environment,
  mode: ServerMode,
): Promise<CompileOptions> {
  const own = fromEnvironment(environment);
  const announced = await fromServer(cli, mode);
  const kinds = { ...own.kinds };
  // The compiler's own schemas of the built-in kinds are those of this version: they stay.
  for (const [kind, schema] of Object.entries(announced))
    if (!Object.hasOwn(builtInKindSchemas, kind)) kinds[kind] = schema ?? kinds[kind];
  return { ...own, kinds };
}

function fromEnvironment({ shown, content }: Environment): CompileOptions {
  if (content === undefined) return {};
  const { runners, vars, connections } = content;
  const kinds = Object.values(runners).flat();
  const types = Object.entries(connections).map(([name, { type }]) => [name, type] as const);
  return {
    kinds: Object.fromEntries(kinds.map((kind) => [kind, undefined])),
    vars: Object.keys(vars),
    connections: { file: shown, types: Object.fromEntries(types) },
  };
}

async function fromServer(
  cli: Cli,
  mode: ServerMode,
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
