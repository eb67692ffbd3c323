// The real protos of Vertex AI, from the packages that production uses. Loading two services of
// them costs 0.3 s and 80 MB, so it happens only when the first stand-in of a process starts.
import type { PackageDefinition } from "@grpc/proto-loader";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** The dependency of aiplatform, not of ours: it is looked for from there. */
const GAX = "google-gax";

const loaded = new Map<string, Promise<PackageDefinition>>();

export function loadProtos(files: readonly string[]): Promise<PackageDefinition> {
  const wanted = [...new Set(files)];
  const key = wanted.join("\n");
  const found = loaded.get(key) ?? load(wanted);
  loaded.set(key, found);
  return found;
}

async function load(files: readonly string[]): Promise<PackageDefinition> {
  // By default export: a bundled CommonJS package has no other when it is loaded lazily.
  const { default: loader } = await import("@grpc/proto-loader");
  const manifest = createRequire(import.meta.url).resolve("@google-cloud/aiplatform/package.json");
  const gax = createRequire(manifest).resolve(GAX); // …/build/src/index.js
  const includeDirs = [
    join(dirname(manifest), "build", "protos"),
    join(dirname(gax), "..", "protos"),
  ];
  return loader.loadSync([...files], {
    includeDirs,
    keepCase: false,
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
  });
}
