// What a pod's state means for its attempt. Pure: facts, the attempt's own wishes and the time in, a verdict out.
// Invariants:
//   V1. "ended" is said only of a pod whose main container has terminated, or that can run nothing any more.
//   V2. A pod that cannot come to anything but might still start is "hopeless": it must be gone before its failure
//       is reported, or a repeated attempt could meet it running.
//   V3. `neverStarted` is said only when it is proven that no container ran: a repeat is then free of charge.
//   V4. Success is success, also of a pod that somebody deletes.
import type { Ended, Failing } from "./verdict.ts";
import { skipped, succeededOrMisfit } from "./verdict.ts";
import type { ContainerState, PodFacts, Terminated } from "./pod.ts";
import { conditionOf, isTerminal } from "./pod.ts";

export type Verdict =
  | { readonly is: "starting" }
  | { readonly is: "running"; readonly startedMs: number | undefined }
  | Ended
  | { readonly is: "hopeless"; readonly failing: Failing };

export interface Wishes {
  /** A pod that runs nothing for so long after its creation is given up. */
  readonly startTimeoutMs: number;
  readonly skipExitCodes: readonly number[];
}

/** Kubernetes itself enforces the deadline; this long after it we stop believing that it will. */
const OVERDUE_MS = 120_000;

export function judge(pod: PodFacts, wishes: Wishes, nowMs: number): Verdict {
  const main = pod.main?.state;
  if (main?.is === "terminated") return ofTerminated(pod, main, wishes);
  if (isTerminal(pod)) return ofTerminalPod(pod);
  const failedInit = pod.others.find(
    ({ state }) => state.is === "terminated" && state.exitCode !== 0,
  );
  if (main?.is === "running") {
    return isOverdue(pod, nowMs)
      ? { is: "hopeless", failing: timeoutOf(pod, { kubernetes: "did not end it in time" }) }
      : { is: "running", startedMs: main.startedMs };
  }
  const waiting = hopelessWait(main);
  if (waiting !== undefined) return { is: "hopeless", failing: waiting };
  if (nowMs - pod.createdMs >= wishes.startTimeoutMs)
    return {
      is: "hopeless",
      failing: neverCame(pod, main, wishes.startTimeoutMs, failedInit?.name),
    };
  return { is: "starting" };
}

function isOverdue({ deadlineSeconds, startMs }: PodFacts, nowMs: number): boolean {
  if (deadlineSeconds === undefined || startMs === undefined) return false;
  return nowMs - startMs - deadlineSeconds * 1_000 > OVERDUE_MS;
}

function ofTerminated(pod: PodFacts, main: Terminated, { skipExitCodes }: Wishes): Ended {
  const times = { startedMs: main.startedMs, endedMs: main.finishedMs };
  if (main.exitCode === 0 && pod.reason !== "DeadlineExceeded")
    return { is: "ended", ...times, ...succeededOrMisfit(main.message) };
  const end = (failing: Failing): Ended => ({ is: "ended", ...times, end: { failing } });
  if (main.reason === "OOMKilled")
    return end({
      class: "out_of_memory",
      message: "the container used more memory than its limit and was killed",
    });
  if (pod.reason === "DeadlineExceeded") return end(timeoutOf(pod, {}));
  const taken = takenAway(pod);
  if (taken !== undefined) return end(taken);
  switch (main.reason) {
    case "StartError":
    case "ContainerCannotRun":
      return end({
        class: "config",
        message: `the container could not start: ${said(main.message)}`,
        neverStarted: true,
      });
    case "ContainerStatusUnknown":
      return end({
        class: "lost",
        message: "the node lost track of the container; what became of its work is not known",
      });
  }
  if (skipExitCodes.includes(main.exitCode))
    return { is: "ended", ...times, ...skipped(main.exitCode) };
  return end({
    class: "code",
    message: `the command ended with exit code ${main.exitCode}${signalOf(main.exitCode)}${main.message === "" ? "" : `: ${said(main.message)}`}`,
  });
}

/** Terminal, but nothing is known of the main container: it was never begun, or its status is lost. */
function ofTerminalPod(pod: PodFacts): Ended {
  const times = { startedMs: undefined, endedMs: undefined };
  if (pod.phase === "Succeeded") return { is: "ended", ...times, ...succeededOrMisfit("") };
  const end = (failing: Failing): Ended => ({ is: "ended", ...times, end: { failing } });
  const neverStarted = pod.main?.state.is === "waiting";
  if (pod.reason === "DeadlineExceeded") return end({ ...timeoutOf(pod, {}), neverStarted });
  const taken = takenAway(pod);
  if (taken !== undefined) return end({ ...taken, neverStarted });
  if (REFUSED_BY_NODE.test(pod.reason))
    return end({
      class: "infra",
      message: `the node refused the pod: ${pod.reason}: ${said(pod.message)}`,
      neverStarted: true,
    });
  return end({
    class: "unknown",
    message: `the pod failed without saying why: ${[pod.reason, said(pod.message)].join(" ").trim()}`,
    neverStarted,
  });
}

/** The kubelet's words when it does not admit a pod; nothing of it ever ran. */
const REFUSED_BY_NODE =
  /^(OutOf\w+|NodeAffinity|NodePorts|NodeSelectorMismatching|TaintToleration|UnexpectedAdmissionError|PodOSNotSupported|TopologyAffinityError|AppArmor|SysctlForbidden)$/;
const TAKEN_AWAY = /^(Evicted|Preempting|Preempted|NodeShutdown|Terminated|Shutdown|NodeLost)$/;

function takenAway(pod: PodFacts): Failing | undefined {
  const disrupted = conditionOf(pod, "DisruptionTarget");
  if (TAKEN_AWAY.test(pod.reason))
    return { class: "evicted", message: `${pod.reason}: ${said(pod.message)}` };
  if (disrupted !== undefined)
    return { class: "evicted", message: `${disrupted.reason}: ${said(disrupted.message)}` };
  if (pod.deleting)
    return { class: "evicted", message: "somebody deleted the pod while it ran; Chasqui did not" };
  return undefined;
}

/** A container that waits for what will not come by itself. */
function hopelessWait(state: ContainerState | undefined): Failing | undefined {
  if (state?.is !== "waiting") return undefined;
  const why = `${state.reason}: ${said(state.message)}`;
  switch (state.reason) {
    // The first ErrImagePull may be a passing trouble of the registry: the kubelet tries again, and only when it
    // backs off has it failed more than once.
    case "ImagePullBackOff":
    case "ErrImageNeverPull":
    case "InvalidImageName":
      return { class: "image", message: why, neverStarted: true };
    case "CreateContainerConfigError":
    case "CreateContainerError":
    case "RunContainerError":
      return { class: "config", message: why, neverStarted: true };
    default:
      return undefined;
  }
}

function neverCame(
  pod: PodFacts,
  main: ContainerState | undefined,
  limitMs: number,
  failedInit: string | undefined,
): Failing {
  const scheduled = pod.conditions.find(({ type }) => type === "PodScheduled");
  const why =
    scheduled?.status === "False"
      ? `${scheduled.reason}: ${said(scheduled.message)}`
      : main?.is === "waiting"
        ? `${main.reason}: ${said(main.message)}`
        : (failedInit ?? "nothing said");
  const image = main?.is === "waiting" && main.reason === "ErrImagePull";
  return {
    class: image ? "image" : "infra",
    message: `the pod did not start within ${limitMs / 1_000} s: ${why}`,
    neverStarted: true,
  };
}

function timeoutOf({ deadlineSeconds }: PodFacts, evidence: Record<string, string>): Failing {
  const limit = deadlineSeconds === undefined ? "its deadline" : `${deadlineSeconds} s`;
  return {
    class: "timeout",
    message: `the pod ran longer than ${limit} and was ended`,
    evidence,
  };
}

const said = (text: string): string => (text === "" ? "no reason given" : text.trim());

const SIGNALS: Readonly<Record<number, string>> = {
  130: " (SIGINT)",
  134: " (SIGABRT)",
  137: " (SIGKILL)",
  139: " (SIGSEGV)",
  143: " (SIGTERM)",
};
const signalOf = (exitCode: number): string => SIGNALS[exitCode] ?? "";
