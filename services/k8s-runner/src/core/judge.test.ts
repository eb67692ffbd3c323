import { describe, expect, test } from "vitest";
import { judge } from "./judge.ts";
import type { Verdict } from "./judge.ts";
import type { PodFacts } from "./pod.ts";
import { NOW_MS, podOf, running, terminated, waiting } from "./testing.ts";

const wishes = { startTimeoutMs: 600_000, skipExitCodes: [99] };
const disrupted = (reason: string) => [
  { type: "DisruptionTarget", status: "True", reason, message: "the node is drained" },
];

function shown(verdict: Verdict): string {
  if (verdict.is === "starting" || verdict.is === "running") return verdict.is;
  if (verdict.is === "hopeless") return `hopeless ${failing(verdict.failing)}`;
  const { end } = verdict;
  if ("output" in end) return `succeeded ${JSON.stringify(end.output)}`;
  if ("nothing" in end) return "succeeded";
  return "skipped" in end ? `skipped: ${end.skipped}` : failing(end.failing);
}
const failing = (of: { class: string; message: string; neverStarted?: boolean }): string =>
  `${of.class}${of.neverStarted === true ? " (never started)" : ""}: ${of.message}`;

const rows: [string, PodFacts, string][] = [
  ["just created", podOf({ node: "" }), "starting"],
  ["pulling", podOf({ state: waiting("ContainerCreating") }), "starting"],
  [
    "the first pull failed: the registry may hiccup",
    podOf({ state: waiting("ErrImagePull", "502") }),
    "starting",
  ],
  [
    "the pull failed again",
    podOf({ state: waiting("ImagePullBackOff", 'Back-off pulling image "img:1"') }),
    'hopeless image (never started): ImagePullBackOff: Back-off pulling image "img:1"',
  ],
  [
    "no such name",
    podOf({ state: waiting("InvalidImageName", "couldn't parse image reference") }),
    "hopeless image (never started): InvalidImageName: couldn't parse image reference",
  ],
  [
    "a secret is missing",
    podOf({ state: waiting("CreateContainerConfigError", 'secret "db" not found') }),
    'hopeless config (never started): CreateContainerConfigError: secret "db" not found',
  ],
  ["running", podOf({ phase: "Running", state: running }), "running"],
  ["done", podOf({ phase: "Succeeded", state: terminated(0) }), "succeeded"],
  [
    "done with an output",
    podOf({ phase: "Succeeded", state: terminated(0, "", '{"carriers":10}\n') }),
    'succeeded {"carriers":10}',
  ],
  [
    "done with a message that is not JSON",
    podOf({ phase: "Succeeded", state: terminated(0, "", "all good") }),
    'config: the command ended well, but its output in CHASQUI_OUTPUT is not JSON: it begins with "all good"; want JSON of at most 4096 bytes',
  ],
  [
    "done with an output that was cut",
    podOf({ phase: "Succeeded", state: terminated(0, "", `["${"x".repeat(4_094)}`) }),
    "config: the command ended well, but its output in CHASQUI_OUTPUT is not JSON: it is cut at 4096 bytes, the most that Kubernetes keeps; want JSON of at most 4096 bytes",
  ],
  ["done, its sidecar goes on", podOf({ phase: "Running", state: terminated(0) }), "succeeded"],
  [
    "exit code",
    podOf({ phase: "Failed", state: terminated(3, "", "no such day") }),
    "code: the command ended with exit code 3: no such day",
  ],
  [
    "killed from within",
    podOf({ phase: "Failed", state: terminated(137) }),
    "code: the command ended with exit code 137 (SIGKILL)",
  ],
  [
    "an exit code that means nothing to do",
    podOf({ phase: "Failed", state: terminated(99) }),
    "skipped: the command ended with exit code 99, which skip_on_exit_code names",
  ],
  [
    "out of memory",
    podOf({ phase: "Failed", state: terminated(137, "OOMKilled") }),
    "out_of_memory: the container used more memory than its limit and was killed",
  ],
  [
    "no such program",
    podOf({ phase: "Failed", state: terminated(128, "StartError", "exec: no such file") }),
    "config (never started): the container could not start: exec: no such file",
  ],
  [
    "the node lost track",
    podOf({ phase: "Failed", state: terminated(137, "ContainerStatusUnknown") }),
    "lost: the node lost track of the container; what became of its work is not known",
  ],
  [
    "deadline",
    podOf({ phase: "Failed", reason: "DeadlineExceeded", state: terminated(137) }),
    "timeout: the pod ran longer than its deadline and was ended",
  ],
  [
    "deadline, and the program said 0 when it was told to stop",
    podOf({ phase: "Failed", reason: "DeadlineExceeded", state: terminated(0) }),
    "timeout: the pod ran longer than its deadline and was ended",
  ],
  [
    "deadline while it was pulling",
    podOf({ phase: "Failed", reason: "DeadlineExceeded", state: waiting("ContainerCreating") }),
    "timeout (never started): the pod ran longer than its deadline and was ended",
  ],
  [
    "evicted, no status left",
    podOf({ phase: "Failed", reason: "Evicted", message: "low on memory" }),
    "evicted: Evicted: low on memory",
  ],
  [
    "evicted before it began",
    podOf({
      phase: "Failed",
      reason: "Evicted",
      message: "low",
      state: waiting("PodInitializing"),
    }),
    "evicted (never started): Evicted: low",
  ],
  [
    "drained",
    podOf({
      phase: "Failed",
      conditions: disrupted("EvictionByEvictionAPI"),
      state: terminated(143),
    }),
    "evicted: EvictionByEvictionAPI: the node is drained",
  ],
  [
    "done while it was drained",
    podOf({
      phase: "Succeeded",
      conditions: disrupted("PreemptionByScheduler"),
      state: terminated(0),
    }),
    "succeeded",
  ],
  [
    "somebody deletes it",
    podOf({ phase: "Running", deleting: true, state: terminated(143) }),
    "evicted: somebody deleted the pod while it ran; Chasqui did not",
  ],
  [
    "the node has no room",
    podOf({ phase: "Failed", reason: "OutOfmemory", message: "Node didn't have enough resource" }),
    "infra (never started): the node refused the pod: OutOfmemory: Node didn't have enough resource",
  ],
  [
    "failed without a word",
    podOf({ phase: "Failed" }),
    "unknown: the pod failed without saying why: no reason given",
  ],
  ["the node does not answer", podOf({ phase: "Unknown", state: running }), "running"],
];

describe("what a pod means", () => {
  test.each(rows)("%s", (_name, pod, meaning) => {
    expect(shown(judge(pod, wishes, NOW_MS))).toBe(meaning);
  });
});

describe("a pod that does not come", () => {
  const after = (pod: PodFacts, ms: number): string =>
    shown(judge({ ...pod, createdMs: NOW_MS - ms }, wishes, NOW_MS));
  const unschedulable = podOf({
    node: "",
    conditions: [
      {
        type: "PodScheduled",
        status: "False",
        reason: "Unschedulable",
        message: "0/3 nodes are available: 3 Insufficient nvidia.com/gpu.",
      },
    ],
  });

  test("is waited for until the start timeout", () => {
    expect(after(unschedulable, 599_999)).toBe("starting");
    expect(after(unschedulable, 600_000)).toBe(
      "hopeless infra (never started): the pod did not start within 600 s: Unschedulable: 0/3 nodes are available: 3 Insufficient nvidia.com/gpu.",
    );
  });

  test("is an image failure when pulling is all it did", () => {
    const pod = podOf({ state: waiting("ErrImagePull", "i/o timeout") });
    expect(after(pod, 600_000)).toBe(
      "hopeless image (never started): the pod did not start within 600 s: ErrImagePull: i/o timeout",
    );
  });

  test("says so when nothing was said", () => {
    expect(after(podOf({ node: "" }), 600_000)).toMatch(/within 600 s: nothing said$/);
  });
});

test("a pod that Kubernetes does not end in time is left to it for a while, then given up", () => {
  const after = (sinceMs: number): string => {
    const startMs = NOW_MS - sinceMs;
    const pod = podOf({ phase: "Running", state: running, startMs, deadlineSeconds: 60 });
    return shown(judge(pod, wishes, NOW_MS));
  };
  expect(after(60_000 + 120_000)).toBe("running");
  expect(after(60_000 + 120_001)).toBe(
    "hopeless timeout: the pod ran longer than 60 s and was ended",
  );
});

test("times are those of the container", () => {
  expect(judge(podOf({ phase: "Succeeded", state: terminated(0) }), wishes, NOW_MS)).toMatchObject({
    startedMs: NOW_MS - 50_000,
    endedMs: NOW_MS - 1_000,
  });
});
