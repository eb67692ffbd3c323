// The kind k8s.pod, as libs/runner wants it: attempts are pods, the cluster is the database.
import { builtInKindSchemas } from "@chasqui/contracts";
import type { Attempt, AttemptRef, HeldRef, JobKind, JobReports } from "@chasqui/runner";
import { parsePodConfig } from "./config.ts";
import { LEASE_MS } from "./core/lease.ts";
import { podManifest } from "./core/manifest.ts";
import type { PodConfig } from "./core/manifest.ts";
import { ANNOTATIONS } from "./core/note.ts";
import { isTerminal } from "./core/pod.ts";
import type { PodFacts } from "./core/pod.ts";
import type { MinderDeps } from "./pod-minder.ts";
import { refOf, watchAttempts } from "./pod-watch.ts";
import type { PodWatch } from "./pod-watch.ts";
import type { Cluster } from "./ports/cluster.ts";

export const KIND = "k8s.pod";

export interface PodKindOptions extends Omit<MinderDeps, "reports"> {
  readonly cluster: Cluster;
  readonly graceMs: number;
  /** Pods created at a time. */
  readonly concurrency: number;
}

export function podKind(options: PodKindOptions): JobKind<PodConfig> {
  const { cluster, me, graceMs, now, linkOf, concurrency } = options;
  let watch: PodWatch | undefined;
  let reports: JobReports | undefined;

  const manifest = (attempt: Attempt<PodConfig>): ReturnType<typeof podManifest> => {
    const { config, environment, logicalTime, traceparent } = attempt;
    const childTraceparent = reports?.traceparentOf(attempt) ?? traceparent;
    return podManifest({
      note: { ...attempt, acceptedMs: now(), skipExitCodes: config.skipExitCodes },
      kind: KIND,
      environment,
      logicalTime,
      config,
      traceparent,
      childTraceparent,
      graceMs,
      follower: { holder: me, untilMs: now() + LEASE_MS },
    });
  };
  return {
    kind: KIND,
    description: "Runs a container to its end, as a pod of Kubernetes.",
    schema: schemaOf(KIND),
    parseConfig: parsePodConfig,
    concurrency,
    async submit(attempt) {
      await cluster.create(manifest(attempt)); // `exists`: an earlier delivery created it
      return { link: linkOf(attempt.attemptId) };
    },
    async watch(given) {
      reports = given;
      const watching = watchAttempts(options, given);
      watch = watching;
      return { name: "pods", stop: () => watching.stop() };
    },
    async list() {
      const began = watch?.beginList() ?? { known: new Set<string>() };
      const pods = await cluster.list();
      await watch?.reconcile(pods, began);
      return pods.flatMap((pod) => heldOf(pod));
    },
    cancel: (ref, reason) => cancelPod(cluster, watch, ref, reason),
    report: async (attemptId) => watch?.minderOf(attemptId)?.reportAgain(),
    async confirm(attemptId) {
      const confirmed = new Date(now()).toISOString();
      await cluster.annotate(attemptId, { [ANNOTATIONS.confirmed]: confirmed });
    },
    async discard(attemptId) {
      const pod = await cluster.get(attemptId);
      if (pod !== undefined) await cluster.remove(pod, {});
    },
  };
}

function schemaOf(kind: string): JobKind<PodConfig>["schema"] {
  // Announced as JSON: what the contracts say, without undefined members.
  return JSON.parse(JSON.stringify(builtInKindSchemas[kind])) as JobKind<PodConfig>["schema"];
}

function heldOf(pod: PodFacts): HeldRef[] {
  const ref = refOf(pod);
  if (ref === undefined) return [];
  const base = { attemptId: ref.attemptId, ref, createdMs: pod.createdMs };
  const confirmedMs = timeOf(pod.annotations[ANNOTATIONS.confirmed]);
  if (confirmedMs !== undefined) return [{ ...base, state: { is: "confirmed", confirmedMs } }];
  const reportedMs = timeOf(pod.annotations[ANNOTATIONS.reported]);
  if (reportedMs !== undefined) return [{ ...base, state: { is: "ended", reportedMs } }];
  return [{ ...base, state: { is: "active" } }]; // what has ended meanwhile, its minder is about to report
}

const timeOf = (text: string | undefined): number | undefined => {
  const ms = Date.parse(text ?? "");
  return Number.isNaN(ms) ? undefined : ms;
};

async function cancelPod(
  cluster: Cluster,
  watch: PodWatch | undefined,
  ref: AttemptRef,
  reason: string,
): Promise<"ending" | "ended" | "absent"> {
  const pod = await cluster.get(ref.attemptId);
  if (pod === undefined) return "absent";
  // Deleting it now would only take its log and evidence away.
  if (isTerminal(pod) || pod.main?.state.is === "terminated") return "ended";
  const noted = await cluster.annotate(pod.name, { [ANNOTATIONS.cancel]: reason });
  if (noted === "gone") return "absent";
  const minder = watch?.minderOf(ref.attemptId);
  const removed = await cluster.remove(pod, {});
  if (removed === "gone" && minder === undefined) return "absent";
  return "ending";
}
