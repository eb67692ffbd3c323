// Asks an API server for one resource. The cluster is the installation's own, named by a connection: a DAG's author
// chooses the resource, and the server's role for us says which may be read.
// Invariants:
//   C1. Which path a kind has is the server's word (discovery), kept for DISCOVERY_MS.
//   C2. A resource that is not there is "not yet"; a kind that the server does not know, or a refusal, ends the wait.
import {
  KubeError,
  codeOf,
  kubeApi,
  kubeConfig,
  readKubernetesConnection,
} from "@chasqui/kubernetes";
import type { KubeApi } from "@chasqui/kubernetes";
import type { ConnectionOf } from "@chasqui/chassis";
import { judgeObject, labelOf, notThere } from "../core/kinds/k8s.ts";
import type { K8sConfig } from "../core/kinds/k8s.ts";
import type { JsonMap } from "../core/wait.ts";
import { CannotAsk } from "../kinds/kind.ts";
import type { Looker } from "../kinds/kind.ts";
import type { Connections } from "./connections.ts";

const DISCOVERY_MS = 600_000;
const CLUSTERS_MAX = 20;

interface Cluster {
  readonly api: KubeApi;
  readonly namespace: string;
  readonly kinds: Map<string, { readonly atMs: number; readonly found: Promise<readonly Kind[]> }>;
}

interface Kind {
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

export function k8sLooker(connections: Connections): Looker<K8sConfig> {
  const clusters = new Map<string, Cluster>();
  const clusterOf = (name: string): Cluster => {
    const connection = readKubernetesConnection(connections.of(name, "kubernetes"));
    const key = JSON.stringify(connection); // a token that was rotated makes another client
    const known = clusters.get(key);
    if (known !== undefined) return known;
    const { namespace } = connection;
    const cluster = { api: kubeApi(kubeConfig(connection)), namespace, kinds: new Map() };
    if (clusters.size >= CLUSTERS_MAX) clusters.clear();
    clusters.set(key, cluster);
    return cluster;
  };
  return {
    async look(config, { nowMs, signal }) {
      const cluster = clusterOf(config.connection);
      try {
        const path = await pathOf(cluster, config, nowMs);
        const object = (await cluster.api.json({ method: "GET", path }, signal)) as JsonMap;
        return judgeObject(config, object, await heldOf(config, object));
      } catch (error) {
        if (codeOf(error) === 404) return notThere(config);
        throw meaningOf(error, config);
      }
    },
    close: async () => {},
  };
}

async function pathOf(cluster: Cluster, config: K8sConfig, nowMs: number): Promise<string> {
  const { apiVersion, kind, name } = config;
  const kinds = await kindsOf(cluster, apiVersion, nowMs);
  const found = kinds.find((one) => one.kind === kind);
  if (found === undefined)
    throw new CannotAsk(
      `${apiVersion} has no kind ${kind}: want one of ${kinds.map((one) => one.kind).join(", ")}`,
    );
  const namespace = config.namespace ?? cluster.namespace;
  const within = found.namespaced ? `/namespaces/${namespace}` : "";
  return `${rootOf(apiVersion)}${within}/${found.plural}/${encodeURIComponent(name)}`;
}

async function kindsOf(
  cluster: Cluster,
  apiVersion: string,
  nowMs: number,
): Promise<readonly Kind[]> {
  const known = cluster.kinds.get(apiVersion);
  if (known !== undefined && nowMs - known.atMs < DISCOVERY_MS) return known.found;
  const found = discover(cluster.api, apiVersion);
  cluster.kinds.set(apiVersion, { atMs: nowMs, found });
  found.catch(() => cluster.kinds.delete(apiVersion));
  return found;
}

async function discover(api: KubeApi, apiVersion: string): Promise<readonly Kind[]> {
  try {
    const list = await api.json({ method: "GET", path: rootOf(apiVersion) });
    const { resources = [] } = list as {
      resources?: { kind: string; name: string; namespaced: boolean }[];
    };
    return resources
      .filter(({ name }) => !name.includes("/")) // pods/log and the like
      .map(({ kind, name: plural, namespaced }) => ({ kind, plural, namespaced }));
  } catch (error) {
    if (codeOf(error) !== 404) throw error;
    throw new CannotAsk(`the API server has no ${apiVersion}: want one like v1 or batch/v1`);
  }
}

/** Asks what a sensor asks first: which kinds there are. */
export async function tryKubernetes(
  values: ConnectionOf<"kubernetes">,
  signal: AbortSignal,
): Promise<string> {
  const config = kubeConfig(readKubernetesConnection(values));
  await kubeApi(config).json({ method: "GET", path: rootOf("v1") }, signal);
  return `kinds of ${config.getCurrentCluster()?.server ?? "the cluster"}`;
}

const rootOf = (apiVersion: string): string =>
  apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;

async function heldOf({ expect, failWhen }: K8sConfig, object: JsonMap) {
  if (expect === undefined && failWhen === undefined) return { fits: undefined, fails: undefined };
  const { holds } = await import("./conditions.ts");
  return { fits: holds(expect, { object }), fails: holds(failWhen, { object }) };
}

/** Who may not read it will not later; a token that ran out (401) is renewed, and all else is "not now". */
function meaningOf(error: unknown, config: K8sConfig): unknown {
  if (!(error instanceof KubeError) || (error.code !== 403 && error.code !== 400)) return error;
  const evidence = { status: error.code, reason: error.reason };
  return new CannotAsk(`${labelOf(config)}: ${error.message}`, { cause: error, evidence });
}
