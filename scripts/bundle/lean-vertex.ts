// @google-cloud/aiplatform describes all of Vertex AI, twice, in one JSON of 1.5 MB, and its clients build it all
// before their first call: 100 MB in a service that wants custom jobs. Each client gets what it can name instead:
// its service, the types of its operations, and what those are made of.
import type { Plugin } from "esbuild";
import { readFileSync } from "node:fs";
import path from "node:path";

/** A node of protobuf.js' JSON: a namespace, message, enum or service. */
export interface ProtoNode {
  readonly nested?: Readonly<Record<string, ProtoNode>>;
  readonly fields?: Readonly<Record<string, { readonly type: string }>>;
  readonly methods?: Readonly<
    Record<string, { readonly requestType: string; readonly responseType: string }>
  >;
  readonly values?: unknown;
}

type Path = readonly string[];

export const leanVertex: Plugin = {
  name: "lean Vertex AI",
  setup(build) {
    build.onResolve({ filter: /protos\/protos\.json$/ }, ({ path: json, importer, resolveDir }) =>
      /\/aiplatform\/build\/src\/v1\/\w+_client\.js$/.test(importer)
        ? { path: path.resolve(resolveDir, json), suffix: `?${importer}`, pluginData: importer }
        : undefined,
    );
    build.onLoad({ filter: /protos\/protos\.json$/ }, ({ path: file, pluginData }) => {
      if (typeof pluginData !== "string") return undefined;
      const all = JSON.parse(readFileSync(file, "utf8")) as ProtoNode; // what protobuf.js wrote for the package
      const client = readFileSync(pluginData, "utf8");
      return {
        contents: JSON.stringify(onlyWhatIsNamed(all, client)),
        loader: "json",
        watchFiles: [pluginData],
      };
    });
  },
};

/** Keeps google.* as it is, and of google.cloud what the text names and what that is made of. */
export function onlyWhatIsNamed(all: ProtoNode, text: string): ProtoNode {
  const kept = new Set<string>();
  const keep = (at: Path): void => {
    const node = nodeAt(all, at);
    if (node === undefined || isNamespace(node) || kept.has(at.join("."))) return;
    kept.add(at.join("."));
    keep(at.slice(0, -1)); // a nested type lives in its message
    for (const name of namesIn(node)) keep(resolve(all, at, name) ?? []);
  };
  for (const [name] of text.matchAll(/google\.cloud\.\w+\.v\w+\.[A-Z]\w*/g)) keep(name.split("."));
  return prune(all, [], kept) ?? {};
}

function isNamespace({ fields, methods, values }: ProtoNode): boolean {
  return fields === undefined && methods === undefined && values === undefined;
}

function namesIn({ fields = {}, methods = {} }: ProtoNode): string[] {
  return [
    ...Object.values(fields).map(({ type }) => type),
    ...Object.values(methods).flatMap(({ requestType, responseType }) => [
      requestType,
      responseType,
    ]),
  ];
}

function nodeAt(all: ProtoNode, at: Path): ProtoNode | undefined {
  return at.reduce<ProtoNode | undefined>((node, name) => node?.nested?.[name], all);
}

/** protobuf's scoping: the innermost scope that knows the name. */
function resolve(all: ProtoNode, scope: Path, name: string): Path | undefined {
  const parts = name.split(".").filter((part) => part !== "");
  for (let depth = scope.length; depth >= 0; depth--) {
    const at = [...scope.slice(0, depth), ...parts];
    if (nodeAt(all, at) !== undefined) return at;
  }
  return undefined;
}

function prune(node: ProtoNode, at: Path, kept: ReadonlySet<string>): ProtoNode | undefined {
  const isCloud = at[0] === "google" && at[1] === "cloud";
  if (isCloud && !isNamespace(node) && !kept.has(at.join("."))) return undefined;
  if (node.nested === undefined) return node;
  const nested: Record<string, ProtoNode> = {};
  for (const [name, child] of Object.entries(node.nested)) {
    const pruned = prune(child, [...at, name], kept);
    if (pruned !== undefined) nested[name] = pruned;
  }
  return { ...node, nested };
}
