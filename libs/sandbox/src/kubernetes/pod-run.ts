// One start of a pod's first container: the process (or what a scripted fault puts in its place),
// what strikes it while it runs, and how it ended.
import { join } from "node:path";
import { listAt, numberAt, textAt } from "../web/json.ts";
import {
  endedContainer,
  hangingContainer,
  SIGKILL_CODE,
  START_ERROR_CODE,
  startProcess,
} from "./container-process.ts";
import type { Exit, RunningContainer } from "./container-process.ts";
import type { PodFault } from "./faults.ts";
import type { Node } from "./node.ts";
import type { LogFile } from "./log-file.ts";
import { kubeTime } from "./objects.ts";
import type { KubeObject } from "./objects.ts";
import type { Terminated } from "./pod-status.ts";
import { terminationMessage } from "./termination-message.ts";

export type StruckBy = "oom" | "evict" | "node-lost" | "deadline";

export interface Launch {
  readonly node: Node;
  readonly pod: KubeObject;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** 0 for the first start. */
  readonly restart: number;
  readonly fault: PodFault | undefined;
  /** Fires when the pod has been active for longer than it may. */
  readonly deadline: AbortSignal;
}

export interface Outcome {
  readonly terminated: Terminated;
  readonly struckBy: StruckBy | undefined;
}

export interface Launched {
  readonly container: RunningContainer;
  readonly startedMs: number;
  readonly outcome: Promise<Outcome>;
}

export function launch(how: Launch): Launched {
  const { node, pod, restart } = how;
  const log = node.newLog(pod, restart);
  const messagePath = join(node.podsDir, pod.metadata.uid, `${restart}.message`);
  const startedMs = Date.now();
  const container = startContainer(how, log, messagePath);
  const strikes = armStrikes(how, container);
  const outcome = container.ended.then((exit): Outcome => {
    const struckBy = strikes.disarm();
    log.end();
    const message = terminationMessage({ exit, messagePath, log, container: firstContainer(pod) });
    const terminated = {
      exitCode: exit.exitCode,
      reason: reasonOf(exit, struckBy),
      ...(message === "" ? {} : { message }),
      startedAt: kubeTime(startedMs),
      finishedAt: kubeTime(Date.now()),
      containerID: `sandbox://${pod.metadata.uid}/${restart}`,
    };
    return { terminated, struckBy };
  });
  return { container, startedMs, outcome };
}

export function firstContainer(pod: KubeObject): unknown {
  return listAt(pod, "spec", "containers")[0];
}

function startContainer(how: Launch, log: LogFile, messagePath: string): RunningContainer {
  const { node, pod, fault } = how;
  const { workDir, warden } = node;
  const behaviour = fault?.behaviour;
  if (behaviour === "hang" || behaviour === "hang-deaf") {
    return hangingContainer({ deaf: behaviour === "hang-deaf" });
  }
  if (behaviour !== undefined && fault?.afterMs === undefined) {
    return endedContainer({ exitCode: SIGKILL_CODE });
  }
  const name = textAt(firstContainer(pod), "name") ?? "";
  if (listAt(firstContainer(pod), "command").length === 0) {
    const startError = `container ${JSON.stringify(name)} has no command: this cluster runs commands, not images`;
    return endedContainer({ exitCode: START_ERROR_CODE, startError });
  }
  const env = {
    ...baseEnv(pod, workDir),
    TERMINATION_LOG: messagePath,
    ...ownFile(how, messagePath),
  };
  return startProcess({ command: how.command, env, cwd: workDir, log, warden });
}

/** In a container terminationMessagePath is a file of its own; here the process is told where it really is. */
function ownFile({ pod, env }: Launch, messagePath: string): Record<string, string> {
  const declared = textAt(firstContainer(pod), "terminationMessagePath") ?? "/dev/termination-log";
  return Object.fromEntries(
    Object.entries(env).map(([name, value]) => [name, value === declared ? messagePath : value]),
  );
}

/** A container sees its own environment only; of this machine it gets where programs are. */
function baseEnv(pod: KubeObject, workDir: string): Record<string, string> {
  const nodeDir = join(process.execPath, "..");
  return {
    PATH: `${nodeDir}:${process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"}`,
    HOME: workDir,
    HOSTNAME: pod.metadata.name,
  };
}

/** Arms what may hit a running container: a scripted fault, the pod's deadline. */
function armStrikes(how: Launch, container: RunningContainer): { disarm(): StruckBy | undefined } {
  const { pod, fault, deadline } = how;
  let struckBy: StruckBy | undefined;
  let timer: NodeJS.Timeout | undefined;
  const strike = (by: StruckBy, graceMs: number) => {
    struckBy ??= by;
    container.stop(graceMs);
  };
  const behaviour = fault?.behaviour;
  if (behaviour === "oom" || behaviour === "evict" || behaviour === "node-lost") {
    const afterMs = fault?.afterMs ?? 0;
    if (afterMs <= 0) strike(behaviour, 0);
    else timer = setTimeout(() => strike(behaviour, 0), afterMs);
  }
  const graceSeconds = numberAt(pod, "spec", "terminationGracePeriodSeconds") ?? 30;
  const onDeadline = () => strike("deadline", graceSeconds * 1_000);
  if (deadline.aborted) onDeadline();
  else deadline.addEventListener("abort", onDeadline, { once: true });
  return {
    disarm() {
      clearTimeout(timer);
      deadline.removeEventListener("abort", onDeadline);
      return struckBy;
    },
  };
}

function reasonOf(exit: Exit, struckBy: StruckBy | undefined): string {
  if (exit.startError !== undefined) return "StartError";
  if (struckBy === "oom") return "OOMKilled";
  return exit.exitCode === 0 ? "Completed" : "Error";
}
