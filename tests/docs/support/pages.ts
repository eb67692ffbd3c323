// Pages as data: their fenced blocks, their links, their headings.
import { globSync, readFileSync } from "node:fs";
import path from "node:path";

export const root = path.resolve(import.meta.dirname, "../../..");

/** Every page of the project, relative to the root. */
export const pages = (): string[] =>
  globSync(["*.md", "docs/**/*.md", "deploy/**/*.md", "libs/*/README.md", "services/*/README.md"], {
    cwd: root,
  }).toSorted();

export const readPage = (file: string): string => readFileSync(path.join(root, file), "utf8");

export interface Block {
  readonly language: string;
  /** What follows the language: `file=dags/x.yaml`. */
  readonly info: string;
  readonly text: string;
  readonly line: number;
}

/** The fenced blocks of a page, in order. */
export function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  let open: { language: string; info: string; line: number; lines: string[] } | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    const fence = /^```(\S*)\s*(.*)$/.exec(line);
    if (fence === null) open?.lines.push(line);
    else if (open === undefined)
      open = { language: fence[1] ?? "", info: fence[2] ?? "", line: index + 1, lines: [] };
    else {
      const { language, info, line: from, lines } = open;
      blocks.push({ language, info, line: from, text: lines.join("\n") });
      open = undefined;
    }
  }
  if (open !== undefined) throw new Error(`line ${open.line}: the block is never closed`);
  return blocks;
}

/** The commands of `sh` blocks, one per line; comments and their spaces left out. */
export function commandsOf(text: string): string[] {
  return blocksOf(text)
    .filter(({ language }) => language === "sh")
    .flatMap((block) => block.text.replaceAll(/\\\n\s*/g, "").split("\n"))
    .map((line) => line.replace(/(^|\s+)#.*$/, "").trim())
    .filter((line) => line !== "");
}

/** Anchors as GitHub makes them. */
export const anchorsOf = (text: string): Set<string> =>
  new Set(
    [...text.replaceAll(/```[^]*?```/g, "").matchAll(/^#+ (.+)$/gm)].map((match) =>
      (match[1] ?? "")
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
        .trim()
        .replaceAll(/\s/g, "-"),
    ),
  );
