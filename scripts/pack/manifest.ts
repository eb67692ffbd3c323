// The package.json of a library outside of this workspace: doors lead to built files, and it may be published.

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly type: string;
  readonly description?: string;
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

/** Type stripping does not work below node_modules, and this is the Node that everything is tested on. */
const NODE_WANTED = ">=24";

/** One door, `.`: what tests and other libraries of the workspace may enter besides is nobody else's. */
export function packedManifest({ name, version, license, type, ...rest }: Manifest): object {
  const { description, bin, dependencies } = rest;
  return {
    name,
    version,
    ...(description === undefined ? {} : { description }),
    license,
    type,
    engines: { node: NODE_WANTED },
    exports: { ".": { types: "./dist/index.d.ts", default: "./dist/index.js" } },
    ...(bin === undefined ? {} : { bin }),
    dependencies,
  };
}
