// The rules of docs/architecture.md about who may import whom, and what a source file may look like. Each takes
// sources and answers with its violations, one line each; the tidy test plants one of each to see them found.
import { isBuiltin } from "node:module";
import {
  type Import,
  importsOf,
  isTest,
  isToolConfig,
  type Manifest,
  packageOf,
  resolveRelative,
  type Source,
  withoutComments,
  withoutTexts,
  workspaceOf,
} from "./source.ts";

const LINES_MAX = 400;
/** Packages that only these workspaces may import. */
const RESERVED: Readonly<Record<string, readonly string[]>> = {
  nats: ["libs/bus"],
  "@grpc/grpc-js": ["libs/chassis", "libs/sandbox"],
};
/** The one lib whose values a core may use beside its own, because it is as pure. */
const PURE_LIB = "@chasqui/machine";
const CONTRACTS = "@chasqui/contracts";
const SANDBOX = "@chasqui/sandbox";

/** The pure place that a file belongs to: `libs/machine/src` or a `core` folder. */
function pureFolderOf(file: string): string | undefined {
  if (isTest(file)) return undefined;
  if (file.startsWith("libs/machine/src/")) return "libs/machine/src";
  return /^(?:libs|services)\/[^/]+\/src\/core(?=\/)/.exec(file)?.[0];
}

function mayEnter(
  folder: string,
  file: string,
  taken: Import,
  idNames: ReadonlySet<string>,
): boolean {
  const { from, isTypeOnly, names } = taken;
  if (from.startsWith(".")) {
    const target = resolveRelative(file, from);
    if (target.startsWith(`${folder}/`)) return true;
    return isTypeOnly && target.startsWith(`${workspaceOf(file)}/`); // a type is gone at run time
  }
  if (folder === "libs/machine/src") return false;
  if (from === PURE_LIB) return true;
  // Ids are derived by pure functions; the rest of the contracts is protobuf, which stays outside.
  return (
    from === CONTRACTS && !isTypeOnly && names.length > 0 && names.every((n) => idNames.has(n))
  );
}

/** libs/machine and every core import only themselves, libs/machine, and the derivation of ids. */
export function impureImports(sources: readonly Source[], idNames: ReadonlySet<string>): string[] {
  return sources.flatMap((source) => {
    const folder = pureFolderOf(source.path);
    if (folder === undefined) return [];
    return importsOf(source)
      .filter((taken) => !mayEnter(folder, source.path, taken, idNames))
      .map(({ from }) => `${source.path}: imports ${from}; a pure folder imports only itself`);
  });
}

const IMPURE: readonly (readonly [RegExp, string])[] = [
  [/\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b/, "reads a clock"],
  [/\bMath\.random\b|\brandomUUID\b|\bgetRandomValues\b/, "is random"],
  [/\bprocess\.|\bglobalThis\./, "reads its surroundings"],
  [/\bsetTimeout\(|\bsetInterval\(|\bfetch\(|\bawait\b/, "waits"],
  [/\bconsole\.(log|error|warn|info|debug|table|trace|dir)\b/, "prints"],
];

/** Time and chance are arguments. */
export function impureCode(sources: readonly Source[]): string[] {
  return sources
    .filter(({ path }) => pureFolderOf(path) !== undefined)
    .flatMap(({ path, text }) =>
      withoutComments(text)
        .split("\n")
        .flatMap((line, index) =>
          IMPURE.filter(([pattern]) => pattern.test(line)).map(
            ([, what]) => `${path}:${index + 1}: ${what}: ${line.trim()}`,
          ),
        ),
    );
}

/** A service imports libs, never a service; a lib never a service; nobody reaches into another's folder. */
export function strayImports(
  sources: readonly Source[],
  serviceNames: ReadonlySet<string>,
): string[] {
  return sources.flatMap((source) => {
    const own = workspaceOf(source.path);
    if (own === undefined) return [];
    return importsOf(source).flatMap(({ from }) => {
      if (serviceNames.has(packageOf(from))) return [`${source.path}: imports the service ${from}`];
      if (!from.startsWith(".")) return [];
      const target = resolveRelative(source.path, from);
      if (target.startsWith(`${own}/`)) return [];
      if (isTest(source.path) && target.startsWith("tests/support/")) return [];
      return [`${source.path}: reaches out of ${own} to ${target}`];
    });
  });
}

/** `nats` and `@grpc/grpc-js` have one home each; the sandbox is for tests and for `npm start`. */
export function reservedImports(sources: readonly Source[]): string[] {
  return sources.flatMap((source) => {
    const own = workspaceOf(source.path) ?? "";
    return importsOf(source).flatMap(({ from }) => {
      const name = packageOf(from);
      const homes = RESERVED[name];
      if (homes !== undefined && !homes.includes(own) && !isTest(source.path)) {
        return [`${source.path}: imports ${name}, which belongs to ${homes.join(" and ")}`];
      }
      const isProduction = own !== "" && own !== "libs/sandbox" && !isTest(source.path);
      return name === SANDBOX && isProduction
        ? [`${source.path}: production code imports the sandbox`]
        : [];
    });
  });
}

export function tooLong(sources: readonly Source[]): string[] {
  return sources
    .map(({ path, text }) => ({ path, lines: text.split("\n").length - 1 }))
    .filter(({ lines }) => lines > LINES_MAX)
    .map(({ path, lines }) => `${path}: ${lines} lines, want at most ${LINES_MAX}`);
}

/** Exports have names. A tool's configuration is read by its default export and by nothing else. */
export function namelessExports(sources: readonly Source[]): string[] {
  return sources
    .filter(({ path }) => !isToolConfig(path))
    .flatMap(({ path, text }) => {
      const code = withoutTexts(text);
      const star = /^export \*(?!\s+as\b)/m.test(code) ? [`${path}: export *`] : [];
      return /^export default\b/m.test(code) ? [...star, `${path}: export default`] : star;
    });
}

/** A file opens by saying what it is for. */
export function wordless(sources: readonly Source[]): string[] {
  return sources
    .filter(({ path }) => !isTest(path) || path.startsWith("tests/support/"))
    .filter(({ text }) => !/^(?:#!.*\n)?(?:\/\/|\/\*)/.test(text))
    .map(({ path }) => `${path}: want a comment at the top that says what the file is for`);
}

// Written in two halves, so that this file does not find itself.
const UNFINISHED = new RegExp(`\\b(?:${"TO"}${"DO"}|${"FIX"}${"ME"}|not ${"implemented"})\\b`);
const PLACES = new RegExp(`https?://[^/\\s"']*(?:${"npm"}js|deb${"ian"})\\.\\w+|/${"wo"}rk/\\w`);

export function unfinished(sources: readonly Source[]): string[] {
  return linesThat(sources, UNFINISHED, "unfinished");
}

/** Ends with the replay of what it left behind. */
export const unreplayed = (sources: readonly Source[]): string[] =>
  sources
    .filter(({ path }) => path.endsWith(".e2e.test.ts"))
    .filter(({ text }) => !/^replayTest\(.*\);\n$/m.test(text.slice(text.lastIndexOf("\n\n") + 2)))
    .map(({ path }) => `${path}: does not end with replayTest(…)`);

/** No path of somebody's machine, no address of a registry. */
export function placesOfOurs(sources: readonly Source[]): string[] {
  return linesThat(sources, PLACES, "names a machine's path or a registry");
}

function linesThat(sources: readonly Source[], pattern: RegExp, what: string): string[] {
  return sources.flatMap(({ path, text }) =>
    text
      .split("\n")
      .flatMap((line, index) =>
        pattern.test(line) ? [`${path}:${index + 1}: ${what}: ${line.trim()}`] : [],
      ),
  );
}

export interface DependencyFindings {
  /** Imported and not declared. */
  readonly undeclared: readonly string[];
  /** Declared and not imported. */
  readonly unused: readonly string[];
}

/** What each workspace declares against what it imports. Tests may use whatever the project has installed. */
export function dependencyFindings(
  sources: readonly Source[],
  manifests: readonly Manifest[],
  rootManifest: Manifest,
): DependencyFindings {
  const installed = new Set(
    [rootManifest, ...manifests].flatMap((manifest) => [
      manifest.name,
      ...manifest.dependencies,
      ...manifest.devDependencies,
    ]),
  );
  const undeclared = new Set<string>();
  const unused: string[] = [];
  for (const { path: folder, name: own, dependencies, devDependencies } of manifests) {
    const used = new Set<string>();
    for (const source of sources.filter(({ path }) => path.startsWith(`${folder}/`))) {
      for (const { from } of importsOf(source)) {
        if (from.startsWith(".") || from.startsWith("/") || isBuiltin(from)) continue;
        const name = packageOf(from);
        used.add(name);
        const isKnown =
          name === own ||
          dependencies.has(name) ||
          devDependencies.has(name) ||
          ((isTest(source.path) || isToolConfig(source.path)) && installed.has(name));
        if (!isKnown) undeclared.add(`${source.path}: ${name} is not in ${folder}/package.json`);
      }
    }
    for (const name of dependencies) {
      if (!used.has(name)) unused.push(`${folder}/package.json: ${name} is imported nowhere`);
    }
  }
  return { undeclared: [...undeclared], unused };
}
