// The package.json of a library outside of this workspace: doors lead to built files, and it may be published.

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly type: string;
  readonly exports: Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

export interface PackedManifest extends Omit<Manifest, "exports"> {
  readonly engines: { readonly node: string };
  readonly exports: Readonly<Record<string, { readonly types: string; readonly default: string }>>;
}

/** The Node that everything is tested on. */
const NODE_WANTED = ">=24";

/** `.` or `./text` with its source; doors for tests stay in the workspace. */
export const doorsOf = ({ exports }: Manifest): [door: string, source: string][] =>
  Object.entries(exports).filter(([door]) => !door.startsWith("./testing"));

export function packedManifest(own: Manifest): PackedManifest {
  const { name, version, license, type, bin, dependencies } = own;
  const exports = doorsOf(own).map(([door, source]) => {
    const built = source.replace("./src/", "./dist/").replace(/\.ts$/, "");
    return [door, { types: `${built}.d.ts`, default: `${built}.js` }] as const;
  });
  return {
    name,
    version,
    license,
    type,
    engines: { node: NODE_WANTED },
    exports: Object.fromEntries(exports),
    ...(bin === undefined ? {} : { bin }),
    dependencies,
  };
}
