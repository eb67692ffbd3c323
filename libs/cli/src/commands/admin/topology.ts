// `chasqui admin topology`: streams, consumers, bus users, database roles and schemas, made what the topology says.
// Doing it twice changes nothing the second time.
import { applyTopology } from "@chasqui/bus";
import type { TopologyChange } from "@chasqui/bus";
import { applyDatabaseRoles, readEnvironmentFile, servicesWithStore } from "@chasqui/chassis";
import { ADMIN_USER, renderAccounts, usersOf } from "@chasqui/contracts";
import path from "node:path";
import { printJson, printLines } from "../../cli.ts";
import type { Cli } from "../../cli.ts";
import { CliError, exitCodes, usageError } from "../../errors.ts";
import type { ExitCode } from "../../errors.ts";
import { openPasswords } from "./passwords.ts";
import { reachBus } from "./reach.ts";

export interface TopologyOptions {
  readonly print?: "accounts";
  readonly only?: "bus" | "database";
  readonly environment?: string;
  readonly account?: string;
  readonly credentials?: string;
  readonly generate?: boolean;
  readonly json?: boolean;
}

export async function adminTopology(cli: Cli, options: TopologyOptions): Promise<ExitCode> {
  const { environment, installation } = await readInstallation(cli, options);
  const passwords = passwordsOf(cli, options);
  if (options.print === "accounts") {
    const users = usersOf(installation);
    cli.out.write(
      renderAccounts({
        account: options.account ?? environment,
        users,
        accounts: installation.accounts,
        passwords: Object.fromEntries(users.map(({ name }) => [name, passwords.bus(name)])),
        adminPassword: passwords.bus(ADMIN_USER),
      }),
    );
    return exitCodes.ok;
  }
  const bus: TopologyChange[] = [];
  const database: string[] = [];
  if (options.only !== "database") {
    const url = required(cli, "CHASQUI_NATS_URL", "nats://host:4222", "bus");
    bus.push(...(await applyBus(url, passwords.bus(ADMIN_USER), installation)));
  }
  if (options.only !== "bus") {
    const url = required(
      cli,
      "CHASQUI_DATABASE_ADMIN_URL",
      "postgres://user:password@host/database of somebody who may create roles",
      "database",
    );
    const roles = servicesWithStore.map((role) => ({ role, password: passwords.database(role) }));
    database.push(...(await applyRoles(url, roles)));
  }
  if (options.json === true) printJson(cli.out, { bus, database });
  else printLines(cli.out, render(bus, database));
  return exitCodes.ok;
}

async function readInstallation(cli: Cli, { environment: given }: TopologyOptions) {
  const environment = given ?? cli.env["CHASQUI_ENVIRONMENT"] ?? "local";
  const named = given === undefined ? cli.env["CHASQUI_ENVIRONMENT_FILE"] : undefined;
  const file = path.resolve(cli.cwd, named ?? path.join("environments", `${environment}.yaml`));
  try {
    const { sources, runners, webhooks, accounts } = await readEnvironmentFile(file);
    return { environment, installation: { sources, runners, webhooks, accounts } };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(exitCodes.usage, why, {
      cause,
      hint: "name the environment: --environment prod, or CHASQUI_ENVIRONMENT_FILE=<file>",
    });
  }
}

export function passwordsOf(
  cli: Cli,
  { credentials, generate = false }: Pick<TopologyOptions, "credentials" | "generate">,
) {
  const given = credentials ?? cli.env["CHASQUI_CREDENTIALS_FILE"];
  const file = given === undefined ? undefined : path.resolve(cli.cwd, given);
  if (generate && file === undefined)
    throw usageError("--generate: want --credentials <file> too, to keep what is made");
  return openPasswords({ env: cli.env, file, generate });
}

export function required(cli: Cli, name: string, want: string, only: string): string {
  const value = cli.env[name];
  if (value) return value;
  throw usageError(
    `${name} is not set: want ${want}`,
    `--only ${only === "bus" ? "database" : "bus"} leaves the ${only} alone`,
  );
}

async function applyBus(
  url: string,
  password: string,
  installation: Parameters<typeof applyTopology>[0]["installation"],
): Promise<TopologyChange[]> {
  await reachBus(url);
  try {
    return await applyTopology({ url, user: ADMIN_USER, password, installation });
  } catch (cause) {
    throw outside("bus", url, cause);
  }
}

async function applyRoles(
  url: string,
  roles: Parameters<typeof applyDatabaseRoles>[1],
): Promise<string[]> {
  try {
    return await applyDatabaseRoles(url, roles);
  } catch (cause) {
    throw outside("database", url, cause);
  }
}

/** The address without its password. */
export function outside(what: string, url: string, cause: unknown): CliError {
  const shown = URL.canParse(url) ? new URL(url).host : "an address that is no URL";
  const why = cause instanceof Error ? cause.message : String(cause);
  const lost = /refused|unreachable|not found|ENOTFOUND|timeout|timed out|CONNECT|closed/i.test(
    why,
  );
  return new CliError(
    lost ? exitCodes.unreachable : exitCodes.failed,
    `${what} at ${shown}: ${why}`,
    {
      cause,
    },
  );
}

function render(bus: readonly TopologyChange[], database: readonly string[]): string[] {
  const lines = [
    ...bus.map(
      ({ action, thing, detail }) => `${thing} ${action}${detail === "" ? "" : `: ${detail}`}`,
    ),
    ...database,
  ];
  return lines.length === 0 ? ["nothing to change"] : lines;
}
