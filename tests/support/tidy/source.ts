// The project's source files as the tidy rules see them: where they are, what they import, what they say.
import { existsSync, globSync, readFileSync } from "node:fs";
import path from "node:path";

export interface Source {
  /** From the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

export interface Import {
  readonly from: string;
  readonly isTypeOnly: boolean;
  /** The names taken, as the other module calls them; empty for a bare or a dynamic import. */
  readonly names: readonly string[];
}

const OUTSIDE = /(^|\/)(node_modules|dist|gen|coverage|\.git|\.chasqui)(\/|$)/;

export function readSources(root: string, patterns: readonly string[]): Source[] {
  const found = globSync([...patterns], { cwd: root, exclude: (file) => OUTSIDE.test(file) });
  return [...new Set(found)]
    .filter((file) => !OUTSIDE.test(file))
    .toSorted()
    .map((file) => ({
      path: file.split(path.sep).join("/"),
      text: readFileSync(path.join(root, file), "utf8"),
    }));
}

/** Tests, and what only tests use: `testing.ts` or `testing/` beside a source, everything below `tests/`. */
export function isTest(file: string): boolean {
  return /\.test\.tsx?$|\/testing\.ts$|\/testing\//.test(file) || file.startsWith("tests/");
}

/** `libs/bus` of `libs/bus/src/x.ts`; undefined outside of a workspace. */
export function workspaceOf(file: string): string | undefined {
  return /^(?:libs|services)\/[^/]+/.exec(file)?.[0];
}

/** The package of an import: `@a/b` of `@a/b/c`, `b` of `b/c`. */
export function packageOf(from: string): string {
  return from
    .split("/")
    .slice(0, from.startsWith("@") ? 2 : 1)
    .join("/");
}

/** A tool's configuration: read by the tool, never shipped. */
export function isToolConfig(file: string): boolean {
  return /(^|\/)[\w-]+\.config\.[mc]?[jt]s$/.test(file);
}

/** Where a relative import leads, from the root. */
export function resolveRelative(file: string, from: string): string {
  return path.posix.normalize(path.posix.join(path.posix.dirname(file), from));
}

function namesOf(clause: string): { names: string[]; isTypeOnly: boolean } {
  const braces = /\{([^}]*)\}/.exec(clause)?.[1];
  const listed = (braces ?? "")
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
  const isAllTypes =
    /^type\b/.test(clause) ||
    (listed.length > 0 &&
      clause.trim().startsWith("{") &&
      listed.every((item) => /^type\s/.test(item)));
  const names = listed.map((item) => item.replace(/^type\s+/, "").split(/\s+as\s+/)[0] ?? item);
  return { names, isTypeOnly: isAllTypes };
}

/** All imports, re-exports, `import()`, `require()` and module look-ups of a source, as Prettier lays them out. */
export function importsOf({ text }: Source): Import[] {
  const found: Import[] = [];
  for (const match of text.matchAll(
    /^(?:import|export)\s+([^;"'`]*?)\s*from\s+["']([^"']+)["']/gm,
  )) {
    found.push({ from: match[2] ?? "", ...namesOf(match[1] ?? "") });
  }
  const direct =
    /^import\s+["']([^"']+)["']|(?:\bimport|\brequire|\brequire\.resolve|\bmeta\.resolve|\bcreateRequire\([^)]*\)\.resolve)\(\s*["']([^"'\s]+)["']/gm;
  for (const match of withoutComments(text).matchAll(direct)) {
    found.push({ from: match[1] ?? match[2] ?? "", isTypeOnly: false, names: [] });
  }
  return found;
}

const PIECES =
  /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|\/\*[\s\S]*?\*\/|(?<![:\\/])\/\/[^\n]*/g;

function blanked(text: string, isBlanked: (piece: string) => boolean): string {
  return text.replaceAll(PIECES, (piece) =>
    isBlanked(piece) ? piece.replaceAll(/[^\n]/g, " ") : piece,
  );
}

/** The text with its comments blanked, line for line. Strings stay, also those that look like comments. */
export function withoutComments(text: string): string {
  return blanked(text, (piece) => piece.startsWith("//") || piece.startsWith("/*"));
}

/** The text with its comments and strings blanked: what is left is code of this file and of no other. */
export function withoutTexts(text: string): string {
  return blanked(text, () => true);
}

export interface Manifest {
  readonly path: string;
  readonly name: string;
  readonly dependencies: ReadonlySet<string>;
  readonly devDependencies: ReadonlySet<string>;
}

function keysOf(value: unknown): string[] {
  return typeof value === "object" && value !== null ? Object.keys(value) : [];
}

/** package.json of `folder` ("" is the root), or undefined where there is none. */
export function readManifest(root: string, folder: string): Manifest | undefined {
  const file = path.join(root, folder, "package.json");
  if (!existsSync(file)) return undefined;
  const json = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  return {
    path: folder,
    name: String(json.name),
    dependencies: new Set(
      [json.dependencies, json.peerDependencies, json.optionalDependencies].flatMap(keysOf),
    ),
    devDependencies: new Set(keysOf(json.devDependencies)),
  };
}
