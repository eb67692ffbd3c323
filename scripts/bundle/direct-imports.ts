// A door (`index.ts`) ties all that it shows together: who imports one name through it gets, in a program that is
// split into chunks, the files of every name that anybody imports through it. So imports through our doors are
// written as imports of the files behind them.
import type { Plugin } from "esbuild";
import { readFileSync } from "node:fs";
import path from "node:path";

const IMPORT = /^import \{([^}]*)\} from "(@chasqui\/[^"]+)";/gm;
const SHOWN = /^export \{([^}]*)\} from "(\.[^"]*)";/gm;

interface Behind {
  readonly file: string;
  /** How it is called in the file. */
  readonly name: string;
}

export const directImports: Plugin = {
  name: "direct imports",
  setup(build) {
    const doors = new Map<string, ReadonlyMap<string, Behind>>();
    const doorOf = async (door: string, importer: string): Promise<ReadonlyMap<string, Behind>> => {
      const resolveDir = path.dirname(importer);
      const found = await build.resolve(door, { kind: "import-statement", resolveDir, importer });
      const known = doors.get(found.path) ?? readDoor(found.path);
      doors.set(found.path, known);
      return known;
    };
    build.onLoad({ filter: /\/(libs|services)\/[^/]+\/src\/.*\.ts$/ }, async ({ path: file }) => {
      const text = readFileSync(file, "utf8");
      const named = [...text.matchAll(IMPORT)].map(([, , door = ""]) => door);
      const behind = new Map<string, ReadonlyMap<string, Behind>>();
      for (const door of new Set(named)) behind.set(door, await doorOf(door, file));
      return { contents: rewrite(text, file, behind), loader: "ts" };
    });
  },
};

/** Lines keep their numbers. What the door has made itself is imported through it. */
function rewrite(
  text: string,
  file: string,
  doors: ReadonlyMap<string, ReadonlyMap<string, Behind>>,
): string {
  return text.replaceAll(IMPORT, (whole, list: string, door: string) => {
    const imports = namesIn(list).map(({ name, as }) => {
      const found = doors.get(door)?.get(name);
      if (found === undefined) return `import { ${name} as ${as} } from "${door}";`;
      const relative = path.relative(path.dirname(file), found.file).split(path.sep).join("/");
      const from = relative.startsWith(".") ? relative : `./${relative}`;
      return `import { ${found.name} as ${as} } from "${from}";`;
    });
    return imports.join(" ") + "\n".repeat(whole.split("\n").length - 1);
  });
}

function readDoor(file: string): ReadonlyMap<string, Behind> {
  const shown = [...readFileSync(file, "utf8").matchAll(SHOWN)];
  return new Map(
    shown.flatMap(([, list = "", from = ""]) =>
      namesIn(list).map(({ name, as }) => [
        as,
        { file: path.join(path.dirname(file), from), name },
      ]),
    ),
  );
}

/** Of `a, b as c, type D`: what is there when the program runs. */
function namesIn(list: string): { name: string; as: string }[] {
  return list
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "" && !item.startsWith("type "))
    .map((item) => {
      const [name = "", as = name] = item.split(/\s+as\s+/);
      return { name, as };
    });
}
