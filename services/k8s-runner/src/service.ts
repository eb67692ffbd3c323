// The parts of k8s-runner, in start order. Nothing is stored here: what runs in the cluster is what there is.
import { connectionOf, readEnvironmentFile } from "@chasqui/chassis";
import type { EnvironmentFile, Life } from "@chasqui/chassis";
import type { KubernetesConnection } from "@chasqui/kubernetes";
import { bringUpRunner, jobRunner } from "@chasqui/runner";
import { LABELS, labelValue } from "./core/note.ts";
import { KIND, podKind } from "./pod-kind.ts";
import type { Settings } from "./settings.ts";
import { connectionTries } from "./try-connections.ts";

const CONNECTION = "kubernetes";

export async function startService(life: Life<Settings>): Promise<void> {
  const { settings, log } = life;
  const installation = await readEnvironmentFile(settings.environmentFile);
  const { cluster, namespace } = await openCluster(life, installation);
  const kind = podKind({
    cluster,
    me: settings.instance,
    now: Date.now,
    startTimeoutMs: settings.startTimeoutMs,
    graceMs: settings.graceMs,
    concurrency: settings.submits,
    linkOf: (pod) => settings.podLink.replaceAll("{namespace}", namespace).replaceAll("{pod}", pod),
    log,
  });
  const tries = connectionTries(installation, process.env);
  const tests = { environment: installation, tries };
  await bringUpRunner(life, { installation, kinds: [jobRunner(kind)], tests });
  life.status(() => ({ namespace }));
}

/** The client of Kubernetes is most of this process: it is loaded here, not when a test reads the core. */
async function openCluster({ settings, log }: Life<Settings>, installation: EnvironmentFile) {
  const { kubeConfig, readKubernetesConnection } = await import("@chasqui/kubernetes");
  const { kubeCluster } = await import("./ports/kube-cluster.ts");
  const known = installation.connections[CONNECTION] !== undefined;
  const values = known ? connectionOf(installation, CONNECTION, "kubernetes", process.env) : {};
  const connection: KubernetesConnection = readKubernetesConnection(values);
  const { namespace } = connection;
  const selector = [
    `${LABELS.kind}=${labelValue(KIND)}`,
    `${LABELS.environment}=${labelValue(settings.environment)}`,
  ].join(",");
  return {
    namespace,
    cluster: kubeCluster({ config: kubeConfig(connection), namespace, selector, log }),
  };
}
