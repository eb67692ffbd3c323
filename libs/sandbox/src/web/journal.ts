// A file of JSON lines that outlives the process: read once at the start, then appended to.
// Invariant: a line is whole or is not there; one torn by a kill is dropped, never half read.
import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseJson } from "./json.ts";

export interface Journal {
  append(entry: unknown): void;
  /** Replaces all by these, so that the file does not grow for ever. */
  rewrite(entries: readonly unknown[]): void;
}

export function openJournal(path: string): { journal: Journal; entries: unknown[] } {
  mkdirSync(dirname(path), { recursive: true });
  const text = readOrEmpty(path);
  const entries = text
    .split("\n")
    .map((line) => parseJson(line))
    .filter((entry) => entry !== undefined);
  if (text !== "" && !text.endsWith("\n")) appendFileSync(path, "\n");
  const journal: Journal = {
    append: (entry) => appendFileSync(path, `${JSON.stringify(entry)}\n`),
    rewrite(all) {
      writeFileSync(`${path}.new`, all.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
      renameSync(`${path}.new`, path);
    },
  };
  return { journal, entries };
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  }
}
