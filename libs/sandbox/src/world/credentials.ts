// The secrets of a local installation: made once, kept beside its data for the owner's eyes only.
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

export interface Credentials {
  /** Password of a bus user or a database role; made on first use. */
  of(name: string): string;
}

export function openCredentials(dataDir: string): Credentials {
  const file = path.join(dataDir, "credentials.json");
  const known = read(file);
  return {
    of(name) {
      const found = known[name];
      if (found !== undefined) return found;
      const password = randomBytes(18).toString("base64url");
      known[name] = password;
      mkdirSync(dataDir, { recursive: true });
      writeFileSync(file, `${JSON.stringify(known, null, 2)}\n`, { mode: 0o600 });
      return password;
    },
  };
}

function read(file: string): Record<string, string> {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Record<string, string>;
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return {};
    throw new Error(`${file} cannot be read: delete it and the data beside it to start afresh`, {
      cause: thrown,
    });
  }
}
