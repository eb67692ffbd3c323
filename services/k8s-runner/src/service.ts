// The parts of k8s-runner, in start order. Nothing is stored here: what runs in the cluster is what there is.
import { connectBus } from "@chasqui/bus";
import { connectionOf, createGrpcClient, readEnvironmentFile } from "@chasqui/chassis";
import type { EnvironmentFile, Life } from "@chasqui/chassis";
import { RunService, kindDurable } from "@chasqui/contracts";
import { jobRunner, startRunner } from "@chasqui/runner";
import { LABELS, labelValue } from "./core/note.ts";
import { KIND, podKind } from "./pod-kind.ts";
import type { KubernetesConnection } from "./ports/kube-config.ts";
import type { Settings } from "./settings.ts";

const CONNECTION = "kubernetes";

export async function startService(life: Life<Settings>): Promise<void> {
  const { settings, log, telemetry } = life;
  const installation = await readEnvironmentFile(settings.environmentFile);
  const { cluster, namespace } = await openCluster(life, installation);
  const bus = await connectBus({
    url: settings.natsUrl,
    user: settings.natsUser,
    password: settings.natsPassword,
    service: life.name,
    installation,
    log,
  });
  await life.up({ name: "bus", stop: () => bus.drain() });
  await bus.checkTopology({
    durables: [kindDurable(KIND)],
    streams: ["CHASQUI_TASKS", "CHASQUI_INBOX", "CHASQUI_LOGS"],
  });
  const claims = createGrpcClient(RunService, settings.stateMachine, {
    principal: `service:${life.name}`,
  });
  await life.up({ name: "state machine", stop: async () => claims.close() });
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
  const runner = await startRunner({
    service: life.name,
    kinds: [jobRunner(kind)],
    bus,
    claims,
    telemetry,
    log,
  });
  await life.up(runner);
  life.status(() => ({ namespace, in_flight: runner.inFlight() }));
}

/** The client of Kubernetes is most of this process: it is loaded here, not when a test reads the core. */
async function openCluster({ settings, log }: Life<Settings>, installation: EnvironmentFile) {
  const { kubeConfig, readKubernetesConnection } = await import("./ports/kube-config.ts");
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
