// From a path to what it names.
import { RESOURCES } from "./resources.ts";
import type { Resource } from "./resources.ts";

export interface Target {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

export function parseTarget(path: string): Target | undefined {
  const parts = path.split("/").filter((part) => part !== "");
  const [root = "", ...afterRoot] = parts;
  let group = "";
  let rest = afterRoot;
  if (root === "apis") [group = "", ...rest] = afterRoot;
  else if (root !== "api") return undefined;
  const [version, ...inVersion] = rest;
  if (version !== "v1") return undefined;
  let namespace: string | undefined;
  let [plural, name, subresource, ...more] = inVersion.map(decode);
  // /namespaces/x is the namespace itself; /namespaces/x/pods is within it.
  if (plural === "namespaces" && subresource !== undefined && subresource !== "status") {
    namespace = name;
    [plural, name, subresource, ...more] = inVersion.slice(2).map(decode);
  }
  if (more.length > 0) return undefined;
  const resource = RESOURCES.find((one) => one.group === group && one.plural === plural);
  if (resource === undefined) return undefined;
  if (resource.namespaced !== (namespace !== undefined) && (name !== undefined || namespace)) {
    return undefined;
  }
  return { resource, namespace, name, subresource };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
