// What makes a bundled service start light. Each changes what is loaded, never what it does.
import type { ImportKind, OnResolveArgs, Plugin, ResolveOptions } from "esbuild";
import { readFileSync } from "node:fs";
import { createRequire, findPackageJSON, isBuiltin } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

/** It brings streams and sockets with it, 13 ms, and who imports it, as commander does, seldom uses it. */
const HEAVY = "node:child_process";

const builtin = (name: string): string => `process.getBuiltinModule(${JSON.stringify(name)})`;

/** Not even loaded before somebody asks for a member. */
function whenUsed(name: string): string {
  const members = Object.keys(process.getBuiltinModule(name) ?? {});
  return `module.exports = { ${members.map((member) => `get ${member}() { return ${builtin(name)}.${member}; }`).join(", ")} };`;
}

/**
 * `import … from "node:http"` evaluates every lazy getter of the built-in module, among them one that loads all
 * of undici: 11 MB. Reached through getBuiltinModule, nothing is evaluated that nobody uses.
 */
export const lazyBuiltins: Plugin = {
  name: "lazy built-ins",
  setup(build) {
    build.onResolve({ filter: /^(node:)?[a-z0-9_/]+$/ }, ({ path, kind }) => {
      if (!isBuiltin(path)) return undefined;
      const name = path.startsWith("node:") ? path : `node:${path}`;
      switch (kind) {
        case "import-statement":
          return { path: name, namespace: "built-in" };
        case "dynamic-import":
          return { path: name, namespace: "built-in namespace" };
        default:
          return undefined; // `require` evaluates nothing either
      }
    });
    build.onLoad({ filter: /.*/, namespace: "built-in" }, ({ path }) => ({
      contents: path === HEAVY ? whenUsed(path) : `module.exports = ${builtin(path)}`,
    }));
    build.onLoad({ filter: /.*/, namespace: "built-in namespace" }, ({ path }) => ({
      contents: namespaceOf(path),
    }));
  },
};

/** Without the members that are made when somebody looks at them. */
function namespaceOf(name: string): string {
  const descriptors = Object.getOwnPropertyDescriptors(process.getBuiltinModule(name) ?? {});
  const members = Object.keys(descriptors).filter((key) => descriptors[key]?.get === undefined);
  return facadeOf(builtin(name), members);
}

/**
 * `const { x } = await import("a-commonjs-package")` works in Node, which guesses the names, but in a chunk of
 * esbuild's only `default` would be there. So the names are asked of the package itself, while bundling.
 */
export const lazyCommonJs: Plugin = {
  name: "lazy CommonJS",
  setup(build) {
    build.onResolve({ filter: /^(@[a-z]|[a-z])/ }, async ({ path, kind, pluginData, ...from }) => {
      const isAsked = kind === "dynamic-import" && pluginData !== RESOLVING;
      if (!isAsked || isBuiltin(path) || path.startsWith("@chasqui/")) return undefined;
      const found = await build.resolve(path, optionsOf(from, "import-statement"));
      if (found.external || found.errors.length > 0 || isEsModule(found.path)) return undefined;
      return { path: found.path, namespace: "lazy CommonJS" };
    });
    build.onLoad({ filter: /.*/, namespace: "lazy CommonJS" }, ({ path }) => {
      const members = membersOf(createRequire(path)(path));
      const contents = facadeOf(`require(${JSON.stringify(path)})`, members);
      return { contents, resolveDir: dirname(path) };
    });
  },
};

function isEsModule(file: string): boolean {
  if (/\.[cm]js$/.test(file)) return file.endsWith(".mjs");
  const manifest = findPackageJSON(pathToFileURL(file));
  if (manifest === undefined) return false;
  const { type }: { type?: string } = JSON.parse(readFileSync(manifest, "utf8"));
  return type === "module";
}

/** An ES module with the members of what an expression makes. Members are renamed: some are reserved words. */
function facadeOf(expression: string, members: readonly string[]): string {
  const names = members.filter((key) => /^[A-Za-z_]\w*$/.test(key) && key !== "default");
  return [
    `const it = ${expression};`,
    "export default it;",
    ...names.map((name) => `const $${name} = it.${name};`),
    `export { ${names.map((name) => `$${name} as ${name}`).join(", ")} };`,
  ].join("\n");
}

function membersOf(it: unknown): string[] {
  return (typeof it === "object" && it !== null) || typeof it === "function" ? Object.keys(it) : [];
}

type From = Pick<OnResolveArgs, "importer" | "namespace" | "resolveDir">;

function optionsOf({ importer, namespace, resolveDir }: From, kind: ImportKind): ResolveOptions {
  return { kind, importer, namespace, resolveDir, pluginData: RESOLVING };
}

const RESOLVING = Symbol("asked by a plugin of ours");

/**
 * Importing one of our modules does nothing but define things, so a module that is not used need not be there:
 * a runner without a store has no PostgreSQL client.
 */
export const unusedLeftOut: Plugin = {
  name: "what is unused is left out",
  setup(build) {
    // only what cannot be meant otherwise: packages import their own files without the .ts
    build.onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path),
      sideEffects: false,
    }));
    build.onResolve(
      { filter: /^@chasqui\/[a-z]+$/ },
      async ({ path, kind, pluginData, ...from }) => {
        if (pluginData === RESOLVING) return undefined;
        const found = await build.resolve(path, optionsOf(from, kind));
        return found.errors.length > 0 ? undefined : { path: found.path, sideEffects: false };
      },
    );
  },
};

/**
 * What @opentelemetry/sdk-node imports for the sake of environment variables that chassis reads itself: it builds
 * the OTLP exporters and readers, so none of these is ever constructed.
 */
const unusedOtel =
  /^@opentelemetry\/(configuration|exporter-(logs-otlp-(grpc|http|proto)|trace-otlp-(grpc|http)|metrics-otlp-grpc|prometheus|zipkin)|otlp-grpc-exporter-base|propagator-b3)$/;

export const leanOtel: Plugin = {
  name: "lean OpenTelemetry",
  setup(build) {
    build.onResolve({ filter: unusedOtel }, ({ path }) => ({ path, namespace: "left-out" }));
    build.onResolve({ filter: /^@opentelemetry\/instrumentation$/ }, ({ path }) => ({
      path,
      namespace: "no-instrumentation",
    }));
    build.onLoad({ filter: /.*/, namespace: "left-out" }, () => ({
      contents: "module.exports = {}",
    }));
    build.onLoad({ filter: /.*/, namespace: "no-instrumentation" }, () => ({
      contents: "export function registerInstrumentations() { return () => {}; }",
    }));
  },
};

/** grpc-js loads schemas by itself only for channelz, ORCA and admin, which we do not serve: 300 KiB of text. */
export const leanGrpc: Plugin = {
  name: "lean gRPC",
  setup(build) {
    build.onResolve({ filter: /^@grpc\/proto-loader$/ }, ({ path, importer }) =>
      /\/@grpc\/grpc-js\//.test(importer) ? { path, namespace: "left-out" } : undefined,
    );
  },
};

/**
 * @kubernetes/client-node's configuration takes two names from the index of all that is generated: 16 MB of clients and
 * models, of which 1.7 MB stay, because each model defines something. A name that is not here does not build.
 */
export const leanKubernetes: Plugin = {
  name: "lean Kubernetes",
  setup(build) {
    build.onResolve({ filter: /\/gen\/index\.js$/ }, ({ path, importer, resolveDir }) =>
      importer.endsWith("/@kubernetes/client-node/dist/config.js")
        ? { path: join(resolveDir, path), namespace: "lean Kubernetes", sideEffects: false }
        : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: "lean Kubernetes" }, ({ path }) => ({
      contents: `
export { createConfiguration } from "./configuration.js";
export { ServerConfiguration } from "./servers.js";`,
      resolveDir: dirname(path),
    }));
  },
};

/** zod's messages in fifty languages, of which nobody here asks for any: a tenth of what a bundle is made of. */
export const leanZod: Plugin = {
  name: "lean zod",
  setup(build) {
    build.onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, ({ path }) => ({
      contents: 'export { default as en } from "./en.js";',
      resolveDir: dirname(path),
    }));
  },
};

/**
 * protobuf-es decodes the descriptors in generated code with a loop of its own. At start that loop is what first
 * calls in V8's optimizing compiler: 4 MB of Node's binary that an idle service otherwise never touches.
 * The replacement accepts what the original accepts: white-space, base64url, no padding, padding inside.
 */
export const nativeBase64: Plugin = {
  name: "native base64",
  setup(build) {
    build.onLoad({ filter: /@bufbuild\/protobuf\/dist\/esm\/wire\/base64-encoding\.js$/ }, () => ({
      contents: `
export function base64Decode(text) {
  if (!/^[A-Za-z0-9+/_=\\s-]*$/.test(text)) throw Error("invalid base64 string");
  const parts = text.replace(/\\s+/g, "").split(/=+/).filter((part) => part !== "");
  if (parts.some((part) => part.length % 4 === 1)) throw Error("invalid base64 string");
  return new Uint8Array(Buffer.concat(parts.map((part) => Buffer.from(part, "base64"))));
}
export function base64Encode(bytes, encoding = "std") {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (encoding === "url") return buffer.toString("base64url");
  const text = buffer.toString("base64");
  return encoding === "std_raw" ? text.replace(/=+$/, "") : text;
}`,
    }));
  },
};
