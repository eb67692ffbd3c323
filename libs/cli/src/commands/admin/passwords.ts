// Passwords of bus users and database roles: from environment variables, else from a credentials file
// (a JSON object, readable by its owner only). They are never printed, except inside the accounts that are asked for.
import { ADMIN_USER } from "@chasqui/contracts";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { CliError, exitCodes } from "../../errors.ts";

export interface Passwords {
  /** Of a bus user; `admin` among them. */
  bus(user: string): string;
  /** Of a database role. */
  database(role: string): string;
}

export interface PasswordSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A credentials file. */
  readonly file: string | undefined;
  /** Make those that are missing and keep them in the file. */
  readonly generate: boolean;
}

const variable = (prefix: string, name: string): string =>
  `${prefix}_${name.replaceAll("-", "_").toUpperCase()}`;

/** CHASQUI_NATS_PASSWORD_STATE_MACHINE, or the file's "state-machine"; CHASQUI_DATABASE_PASSWORD_…, "postgres …". */
export function openPasswords({ env, file, generate }: PasswordSources): Passwords {
  const known = file === undefined ? {} : readFile(file, generate);
  const find = (key: string, variables: readonly string[], whose: string): string => {
    for (const name of variables) if (env[name]) return env[name];
    const found = known[key];
    if (found !== undefined) return found;
    if (generate && file !== undefined) {
      const made = randomBytes(24).toString("base64url");
      known[key] = made;
      writeCredentials(file, known);
      return made;
    }
    const inFile = file === undefined ? "" : `, or "${key}" in ${file}`;
    throw new CliError(
      exitCodes.usage,
      `no password of ${whose}: want ${variables.join(" or ")}${inFile}`,
      {
        hint:
          file === undefined
            ? "--credentials <file> --generate makes what is missing and keeps it there"
            : "--generate makes what is missing",
      },
    );
  };
  return {
    bus: (user) =>
      find(
        user,
        user === ADMIN_USER
          ? ["CHASQUI_NATS_ADMIN_PASSWORD"]
          : [variable("CHASQUI_NATS_PASSWORD", user)],
        `bus user ${user}`,
      ),
    database: (role) =>
      find(
        `postgres ${role}`,
        [variable("CHASQUI_DATABASE_PASSWORD", role)],
        `database role ${role}`,
      ),
  };
}

function readFile(file: string, mayBeMissing: boolean): Record<string, string> {
  if (mayBeMissing && !existsSync(file)) return {};
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return Object.fromEntries(
        Object.entries(value).filter(
          (entry): entry is [string, string] => typeof entry[1] === "string",
        ),
      );
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(exitCodes.usage, `credentials file ${file}: ${why}`, { cause });
  }
  throw new CliError(exitCodes.usage, `credentials file ${file}: want a JSON object of passwords`);
}

/** Whole or not at all. */
function writeCredentials(file: string, known: Readonly<Record<string, string>>): void {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(known, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, file);
}
