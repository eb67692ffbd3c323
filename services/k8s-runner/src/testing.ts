// The set-up of this service's tests: the stand-in cluster with the real client on it, a bus in memory, one or more
// replicas of the runner.
import { kubeConfig } from "@chasqui/kubernetes";
import { resolve } from "node:path";
import { noTelemetry } from "@chasqui/chassis";
import { AttemptState } from "@chasqui/contracts";
import type { AttemptUpdate } from "@chasqui/contracts";
import { jobRunner, startRunner } from "@chasqui/runner";
import type { RunningRunner } from "@chasqui/runner";
import { memoryBus, quietLog } from "@chasqui/runner/testing";
import type { Assign, MemoryBus } from "@chasqui/runner/testing";
import { startKubernetes } from "@chasqui/sandbox";
import type { KubernetesStandIn } from "@chasqui/sandbox";
import { CoreV1Api } from "@kubernetes/client-node";
import { podFacts } from "./translate.ts";
import type { PodFacts } from "./core/pod.ts";
import { KIND, podKind } from "./pod-kind.ts";
import type { Cluster } from "./ports/cluster.ts";
import { kubeCluster } from "./ports/kube-cluster.ts";

export const NAMESPACE = "chasqui";

export interface Replica {
  readonly runner: RunningRunner;
  /** Stops like a process that is killed: nothing is saved, nothing is said. */
  kill(): Promise<void>;
}

export interface TestRunner extends AsyncDisposable {
  readonly kube: KubernetesStandIn;
  readonly api: CoreV1Api;
  readonly cluster: Cluster;
  readonly bus: MemoryBus;
  /** What ClaimAttempt answers. */
  wanted: (attempt: number) => boolean;
  /** How far the replicas' clocks are ahead. */
  laterMs: number;
  replica(options?: { readonly me?: string; readonly startTimeoutMs?: number }): Promise<Replica>;
  assign(assign: Partial<Assign> & { readonly script?: string }): Promise<string>;
  pods(): PodFacts[];
  /** Resolves with the update of this number (from 1). */
  update(count: number): Promise<AttemptUpdate>;
  /** Resolves with the first outcome that is reported. */
  outcome(): Promise<AttemptUpdate>;
  logTexts(): string[];
}

export async function startTestRunner(): Promise<TestRunner> {
  const workDir = resolve(import.meta.dirname, "../../..");
  const kube = await startKubernetes({ port: 0, workDir, namespaces: [NAMESPACE] });
  const config = kubeConfig({
    namespace: NAMESPACE,
    server: kube.url,
    kubeconfig: undefined,
    token: undefined,
  });
  const cluster = kubeCluster({
    config,
    namespace: NAMESPACE,
    selector: `chasqui.io/kind=${KIND}`,
    log: quietLog,
  });
  const bus = memoryBus();
  const replicas: Replica[] = [];
  const test: TestRunner = {
    kube,
    api: config.makeApiClient(CoreV1Api),
    cluster,
    bus,
    wanted: () => true,
    laterMs: 0,
    async replica({ me = "host-1", startTimeoutMs = 600_000 } = {}) {
      const replica = await startReplica(test, { me, startTimeoutMs });
      replicas.push(replica);
      return replica;
    },
    assign({ script, ...assign }) {
      const config = { image: "costs:1.4", command: ["node", "-e", script ?? ""] };
      return bus.assign({ kind: KIND, config, ...assign });
    },
    pods: () =>
      kube
        .pods()
        .map(podFacts)
        .filter((pod): pod is PodFacts => pod !== undefined),
    async update(count) {
      await bus.updatesStored(count);
      const update = bus.updates[count - 1];
      if (update === undefined) throw new Error(`no update ${count}`);
      return update;
    },
    async outcome() {
      for (let count = 1; ; count++) {
        const update = await test.update(count);
        if (update.state > AttemptState.RUNNING) return update;
      }
    },
    logTexts: () => bus.logs.flatMap((batch) => batch.lines.map((line) => line.text)),
    async [Symbol.asyncDispose]() {
      await Promise.all(replicas.map((replica) => replica.kill()));
      await kube.stop();
    },
  };
  return test;
}

async function startReplica(
  test: TestRunner,
  options: { readonly me: string; readonly startTimeoutMs: number },
): Promise<Replica> {
  const alive = new AbortController();
  const now = (): number => Date.now() + test.laterMs;
  const kind = podKind({
    ...options,
    cluster: mortal(test.cluster, alive.signal),
    now,
    graceMs: 1_000,
    concurrency: 4,
    linkOf: (pod) => `https://k8s.example/${pod}`,
    log: quietLog,
  });
  const { bus } = test;
  const publish: MemoryBus["publish"] = async (messages) =>
    alive.signal.aborted ? messages.map(() => "failed" as const) : bus.publish(messages);
  const runner = await startRunner({
    service: "k8s-runner",
    kinds: [jobRunner(kind)],
    bus: { ...bus, publish },
    claims: {
      claimAttempt: async ({ attempt }) => ({ wanted: test.wanted(attempt), reason: "" }),
    },
    telemetry: noTelemetry,
    log: quietLog,
    now,
  });
  return {
    runner,
    async kill() {
      alive.abort(new Error("killed"));
      await runner.stop(0);
    },
  };
}

/** The cluster, until the replica is killed: then nothing gets through any more. */
function mortal(cluster: Cluster, signal: AbortSignal): Cluster {
  return new Proxy(cluster, {
    get(target, key, receiver) {
      if (signal.aborted && key !== "watch" && key !== "namespace")
        return () => Promise.reject(signal.reason);
      return Reflect.get(target, key, receiver) as unknown;
    },
  });
}
