// One pod's life on the node:
//   Pending → scheduled → ContainerCreating → Running → Succeeded | Failed
// with the scripted faults of faults.ts in between.
// Invariant P2: a deleted pod's process has ended before the pod leaves the store, unless forced.
import { at, numberAt, textAt } from "../web/json.ts";
import { ConfigError, containerCommand, containerEnv } from "./container-env.ts";
import type { RunningContainer } from "./container-process.ts";
import type { PodFault } from "./faults.ts";
import type { Node } from "./node.ts";
import { NODE_NAME } from "./node.ts";
import { kubeTime } from "./objects.ts";
import type { KubeObject } from "./objects.ts";
import { firstContainer, launch } from "./pod-run.ts";
import type { Outcome } from "./pod-run.ts";
import { deadlineExceeded, evicted, nodeLost, onNode, unschedulable } from "./pod-status.ts";
import type { ContainerState, Phase, PodStatus, Terminated } from "./pod-status.ts";
import { createPodVoice } from "./pod-voice.ts";
import { configChange, pause, untilAborted } from "./pod-waits.ts";

const BACKOFF_MS_MAX = 300_000;
const IMAGE_BACKOFF_AFTER_MS = 20;

type Prepared = { readonly command: string[]; readonly env: Readonly<Record<string, string>> };

export interface PodWorker {
  /** Resolves when nothing of the pod is left on the node. */
  readonly done: Promise<void>;
  /** The pod is to go: TERM, then KILL after the grace. May be called again with less. */
  end(graceMs: number): void;
}

export function tendPod(node: Node, pod: KubeObject): PodWorker {
  const ending = new AbortController();
  let running: RunningContainer | undefined;
  const life = livePod(node, pod, ending.signal, (container) => (running = container));
  return {
    done: life,
    end(graceMs) {
      ending.abort();
      running?.stop(graceMs);
    },
  };
}

async function livePod(
  node: Node,
  pod: KubeObject,
  ending: AbortSignal,
  onContainer: (container: RunningContainer | undefined) => void,
): Promise<void> {
  // After the write that brought the pod, so that its creator's answer comes first.
  await new Promise((resolve) => setImmediate(resolve));
  const voice = createPodVoice(node, pod);
  const { slots } = node;
  const fault = node.faults.forPod(pod);
  const notScheduled = (message: string) => {
    voice.status(unschedulable(pod, message, Date.now()), { onNode: false });
    voice.event("Warning", "FailedScheduling", message);
  };
  if (fault?.behaviour === "unschedulable") {
    notScheduled("0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.");
    await untilAborted(ending);
    voice.remove();
    return;
  }
  if (!slots.free) notScheduled("0/1 nodes are available: 1 Too many pods.");
  if (!(await slots.take(ending))) {
    voice.remove();
    return;
  }
  const deadline = podDeadline(pod);
  try {
    const startedMs = Date.now();
    const { signal } = deadline;
    await runPod({ node, pod, voice, ending, fault, startedMs, deadline: signal, onContainer });
  } catch (error) {
    voice.event("Warning", "FailedSync", String(error));
  } finally {
    deadline.cancel();
    slots.release();
    if (ending.aborted) voice.remove();
  }
}

/** Fires activeDeadlineSeconds after now; never, when the pod has none. */
function podDeadline(pod: KubeObject): { signal: AbortSignal; cancel(): void } {
  const controller = new AbortController();
  const seconds = numberAt(pod, "spec", "activeDeadlineSeconds");
  const timer =
    seconds === undefined ? undefined : setTimeout(() => controller.abort(), seconds * 1_000);
  return { signal: controller.signal, cancel: () => clearTimeout(timer) };
}

interface Life {
  readonly node: Node;
  readonly pod: KubeObject;
  readonly voice: ReturnType<typeof createPodVoice>;
  readonly ending: AbortSignal;
  readonly fault: PodFault | undefined;
  readonly startedMs: number;
  readonly deadline: AbortSignal;
  readonly onContainer: (container: RunningContainer | undefined) => void;
}

async function runPod(life: Life): Promise<void> {
  const { pod, voice, ending, fault } = life;
  const { name, namespace } = pod.metadata;
  const said = createTeller(life);
  said.waiting("ContainerCreating");
  voice.event("Normal", "Scheduled", `Successfully assigned ${namespace}/${name} to ${NODE_NAME}`);
  if (fault?.behaviour === "image-pull") return failImagePull(life, said);
  for (;;) {
    const prepared = await prepare(life, said);
    if (prepared === undefined) return overdue(life, said);
    const outcome = await runOnce(life, said, prepared);
    const { terminated, struckBy } = outcome;
    if (struckBy === "evict") return evict(life, said);
    if (struckBy === "node-lost") return loseNode(life, said);
    if (struckBy === "deadline" || ending.aborted || !restarts(pod, terminated)) {
      return finish(life, said, outcome);
    }
    said.ended(terminated);
    said.waiting("CrashLoopBackOff", `back-off restarting failed container in pod ${name}`);
    voice.event("Warning", "BackOff", `Back-off restarting failed container in pod ${name}`);
    const backoffMs = life.node.restartBackoffMs * 2 ** Math.min(said.restartCount - 1, 10);
    await pause(Math.min(backoffMs, BACKOFF_MS_MAX), waitEnd(life));
    if (waitEnd(life).aborted) return overdue(life, said);
  }
}

/** A container that waits does so until the pod is to go or has no time left. */
function waitEnd({ ending, deadline }: Life): AbortSignal {
  return AbortSignal.any([ending, deadline]);
}

/** A wait has ended: either the pod is to go (nothing to say), or its time is up. */
function overdue({ ending, voice }: Life, said: Teller): void {
  if (ending.aborted) return;
  voice.status(
    deadlineExceeded(said.compose("Failed", { waiting: { reason: "ContainerCreating" } })),
  );
}

/** Writes the status of one pod on the node, remembering its restarts. */
function createTeller(life: Life) {
  const { pod, voice, startedMs } = life;
  let restartCount = 0;
  let lastState: ContainerState | undefined;
  const compose = (phase: Phase, state: ContainerState): PodStatus => {
    const last = lastState === undefined ? {} : { lastState };
    const times = { phase, startedMs, nowMs: Date.now() };
    return onNode(pod, times, { state, restartCount, ...last });
  };
  return {
    compose,
    get restartCount() {
      return restartCount;
    },
    waiting(reason: string, message?: string) {
      const phase = restartCount > 0 ? "Running" : "Pending";
      const waiting = message === undefined ? { reason } : { reason, message };
      voice.status(compose(phase, { waiting }));
    },
    running(runningMs: number) {
      voice.status(compose("Running", { running: { startedAt: kubeTime(runningMs) } }));
    },
    ended(terminated: Terminated) {
      lastState = { terminated };
      restartCount += 1;
    },
  };
}

type Teller = ReturnType<typeof createTeller>;

/** The command and environment, as soon as every Secret and ConfigMap they need is there. */
async function prepare(life: Life, said: Teller): Promise<Prepared | undefined> {
  const { node, pod, voice } = life;
  const { namespace } = pod.metadata;
  const container = firstContainer(pod);
  const stop = waitEnd(life);
  while (!stop.aborted) {
    const changed = configChange(node.store, stop);
    try {
      const env = containerEnv(voice.current() ?? pod, container, (resource, name) =>
        node.store.get(resource, { namespace, name }),
      );
      changed.ignore();
      return { command: containerCommand(container, env), env };
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      said.waiting("CreateContainerConfigError", error.message);
      voice.event("Warning", "Failed", `Error: ${error.message}`);
      await changed.happened;
    }
  }
  return undefined;
}

async function runOnce(life: Life, said: Teller, prepared: Prepared): Promise<Outcome> {
  const { node, pod, voice, fault, deadline, ending, onContainer } = life;
  const container = firstContainer(pod);
  const restart = said.restartCount;
  const started = launch({ node, pod, ...prepared, restart, fault, deadline });
  onContainer(started.container);
  const image = textAt(container, "image") ?? "";
  const name = textAt(container, "name") ?? "";
  voice.event("Normal", "Pulled", `Container image "${image}" already present on machine`);
  voice.event("Normal", "Started", `Started container ${name}`);
  said.running(started.startedMs);
  const killing = () => voice.event("Normal", "Killing", `Stopping container ${name}`);
  ending.addEventListener("abort", killing, { once: true });
  try {
    return await started.outcome;
  } finally {
    ending.removeEventListener("abort", killing);
    onContainer(undefined);
  }
}

function restarts(pod: KubeObject, terminated: Terminated): boolean {
  const policy = at(pod, "spec", "restartPolicy");
  return policy === "Always" || (policy === "OnFailure" && terminated.exitCode !== 0);
}

function finish(life: Life, said: Teller, { terminated, struckBy }: Outcome): void {
  const phase = terminated.exitCode === 0 ? "Succeeded" : "Failed";
  const status = said.compose(phase, { terminated });
  life.voice.status(struckBy === "deadline" ? deadlineExceeded(status) : status);
  if (struckBy === "deadline") {
    const message = "Pod was active on the node longer than the specified deadline";
    life.voice.event("Normal", "DeadlineExceeded", message);
  }
}

async function failImagePull(life: Life, said: Teller): Promise<void> {
  const { pod, voice } = life;
  const image = textAt(firstContainer(pod), "image") ?? "";
  voice.event("Normal", "Pulling", `Pulling image "${image}"`);
  const why = `failed to pull and unpack image "${image}": failed to resolve reference "${image}": not found`;
  voice.event("Warning", "Failed", `Failed to pull image "${image}": ${why}`);
  said.waiting("ErrImagePull", why);
  const stop = waitEnd(life);
  await pause(IMAGE_BACKOFF_AFTER_MS, stop);
  if (!stop.aborted) {
    said.waiting("ImagePullBackOff", `Back-off pulling image "${image}": ErrImagePull: ${why}`);
    voice.event("Normal", "BackOff", `Back-off pulling image "${image}"`);
    await untilAborted(stop);
  }
  overdue(life, said);
}

function evict({ voice }: Life, said: Teller): void {
  const before = said.compose("Running", { running: { startedAt: kubeTime(Date.now()) } });
  const status = evicted(before, Date.now());
  voice.event("Warning", "Evicted", status.message ?? "");
  voice.status(status);
}

/** No outcome is ever reported: the node is silent, then the pod is collected. */
function loseNode({ pod, voice }: Life, said: Teller): void {
  const before = said.compose("Running", { running: { startedAt: kubeTime(Date.now()) } });
  const lost = nodeLost(before, { name: NODE_NAME, pod: pod.metadata.name }, Date.now());
  voice.event("Warning", "NodeNotReady", "Node is not ready");
  voice.status(lost);
  voice.status({ ...lost, phase: "Failed" });
  voice.remove();
}
