// Three things that make a bundled service start light. Both change what is loaded, never what it does.
import type { Plugin } from "esbuild";
import { isBuiltin } from "node:module";

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
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)})`,
    }));
    build.onLoad({ filter: /.*/, namespace: "built-in namespace" }, ({ path }) => ({
      contents: namespaceOf(path),
    }));
  },
};

/** A module namespace without the members that are made when somebody looks at them. */
function namespaceOf(name: string): string {
  const descriptors = Object.getOwnPropertyDescriptors(process.getBuiltinModule(name) ?? {});
  const members = Object.entries(descriptors)
    .filter(
      ([key, { get }]) => get === undefined && /^[A-Za-z_]\w*$/.test(key) && key !== "default",
    )
    .map(([key]) => key);
  return `const it = process.getBuiltinModule(${JSON.stringify(name)});
export default it;
export const { ${members.join(", ")} } = it;`;
}

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
