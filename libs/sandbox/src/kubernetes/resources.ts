// The resources this API server knows, as data, and the discovery documents made from them.

export interface Resource {
  readonly group: "" | "batch";
  readonly version: "v1";
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly shortNames: readonly string[];
  readonly namespaced: boolean;
}

const core = { group: "", version: "v1", namespaced: true } as const;

export const PODS: Resource = {
  ...core,
  plural: "pods",
  singular: "pod",
  kind: "Pod",
  shortNames: ["po"],
};
export const EVENTS: Resource = {
  ...core,
  plural: "events",
  singular: "event",
  kind: "Event",
  shortNames: ["ev"],
};
export const SECRETS: Resource = {
  ...core,
  plural: "secrets",
  singular: "secret",
  kind: "Secret",
  shortNames: [],
};
export const CONFIG_MAPS: Resource = {
  ...core,
  plural: "configmaps",
  singular: "configmap",
  kind: "ConfigMap",
  shortNames: ["cm"],
};
export const NAMESPACES: Resource = {
  ...core,
  namespaced: false,
  plural: "namespaces",
  singular: "namespace",
  kind: "Namespace",
  shortNames: ["ns"],
};
export const NODES: Resource = {
  ...core,
  namespaced: false,
  plural: "nodes",
  singular: "node",
  kind: "Node",
  shortNames: ["no"],
};
export const RESOURCES = [PODS, EVENTS, SECRETS, CONFIG_MAPS, NAMESPACES, NODES] as const;

export function apiVersionOf(resource: Resource): string {
  return resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
}

const VERBS = [
  "create",
  "delete",
  "deletecollection",
  "get",
  "list",
  "patch",
  "update",
  "watch",
] as const;

function describe(resource: Resource): Record<string, unknown>[] {
  const { plural, singular, kind, shortNames, namespaced } = resource;
  const main = {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs: VERBS,
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(resource === PODS ? { categories: ["all"] } : {}),
  };
  if (resource !== PODS) return [main];
  const log = { name: "pods/log", singularName: "", namespaced, kind, verbs: ["get"] };
  return [main, log];
}

function resourceList(groupVersion: string, group: Resource["group"]): unknown {
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion,
    resources: RESOURCES.filter((resource) => resource.group === group).flatMap(describe),
  };
}

const BATCH = {
  name: "batch",
  versions: [{ groupVersion: "batch/v1", version: "v1" }],
  preferredVersion: { groupVersion: "batch/v1", version: "v1" },
};

/** The document at a discovery path, or undefined. */
export function discoveryAt(path: string, serverAddress: string): unknown {
  switch (path) {
    case "/version":
      return {
        major: "1",
        minor: "32",
        gitVersion: "v1.32.0+chasqui-sandbox",
        gitCommit: "",
        gitTreeState: "clean",
        buildDate: "2025-01-01T00:00:00Z",
        goVersion: "none",
        compiler: "none",
        platform: `${process.platform}/${process.arch}`,
      };
    case "/api":
      return {
        kind: "APIVersions",
        versions: ["v1"],
        serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress }],
      };
    case "/apis":
      return { kind: "APIGroupList", apiVersion: "v1", groups: [BATCH] };
    case "/apis/batch":
      return { kind: "APIGroup", apiVersion: "v1", ...BATCH };
    case "/api/v1":
      return resourceList("v1", "");
    case "/apis/batch/v1":
      return resourceList("batch/v1", "batch");
    default:
      return undefined;
  }
}
