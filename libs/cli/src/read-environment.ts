// environments/<env>.yaml as commands read it: which one is meant, and what is wrong with it, with its places.
import { parseEnvironmentFile } from "@chasqui/chassis/environment";
import type { EnvironmentFile } from "@chasqui/chassis/environment";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Cli } from "./cli.ts";
import { CliError, exitCodes } from "./errors.ts";

export interface Environment {
  readonly name: string;
  /** The file as people read it: relative to where they are. */
  readonly shown: string;
  /** Undefined when nobody named one and there is none. */
  readonly content: EnvironmentFile | undefined;
}

export interface EnvironmentChoice {
  /** From the command line. */
  readonly named?: string | undefined;
  /** When neither the command line nor CHASQUI_ENVIRONMENT says: of the server, else `local`. */
  readonly otherwise?: string | undefined;
}

export function readEnvironment(cli: Cli, { named, otherwise }: EnvironmentChoice): Environment {
  const name = named ?? cli.env["CHASQUI_ENVIRONMENT"] ?? otherwise ?? "local";
  const given = named === undefined ? cli.env["CHASQUI_ENVIRONMENT_FILE"] : undefined;
  const full = path.resolve(cli.cwd, given ?? path.join("environments", `${name}.yaml`));
  const relative = path.relative(cli.cwd, full);
  const shown = relative.startsWith("..") ? full : relative;
  if (!existsSync(full)) {
    if (named === undefined && given === undefined) return { name, shown, content: undefined };
    throw new CliError(exitCodes.notFound, `environment ${name}: no file ${shown}`);
  }
  try {
    return { name, shown, content: parseEnvironmentFile(shown, readFileSync(full, "utf8")) };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(exitCodes.failed, why, { cause });
  }
}
