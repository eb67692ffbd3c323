import { expect, test } from "vitest";
import { judge } from "./judge.ts";
import { ANNOTATIONS } from "./note.ts";
import { outcomeOfEnded, outcomeOfGone, readDoom, writeDoom } from "./outcome.ts";
import type { PodOutcome } from "./outcome.ts";
import type { PodFacts } from "./pod.ts";
import { NOW_MS, podOf, running, terminated } from "./testing.ts";

const doom = writeDoom({
  failing: { class: "image", message: "ImagePullBackOff", neverStarted: true },
  evidence: { pod: "att-x" },
});
const wishes = { startTimeoutMs: 600_000, skipExitCodes: [99] };

function ended(pod: PodFacts): PodOutcome {
  const verdict = judge(pod, wishes, NOW_MS);
  if (verdict.is !== "ended") throw new Error(`the pod is ${verdict.is}: want ended`);
  return outcomeOfEnded(pod, verdict);
}
const shown = (outcome: PodOutcome): string =>
  outcome.state === "failed" ? outcome.failing.class : outcome.state;

const notes: [string, Record<string, string>][] = [
  ["", {}],
  ["cancelled ", { [ANNOTATIONS.cancel]: "by ana" }],
  ["doomed ", { [ANNOTATIONS.doomed]: doom }],
];

test("every end under every note", () => {
  const table = notes.flatMap(([name, annotations]) =>
    [0, 1, 99].map((code) => {
      const phase = code === 0 ? "Succeeded" : "Failed";
      const pod = podOf({ phase, annotations, state: terminated(code) });
      return `${name}exit ${code}: ${shown(ended(pod))}`;
    }),
  );
  const gone = notes.map(([name, annotations]) => {
    const pod = podOf({ phase: "Running", annotations, state: running });
    return `${name}gone: ${shown(outcomeOfGone(pod))}`;
  });
  expect([...table, ...gone]).toEqual([
    "exit 0: succeeded",
    "exit 1: code",
    "exit 99: skipped",
    "cancelled exit 0: succeeded",
    "cancelled exit 1: cancelled",
    "cancelled exit 99: skipped",
    "doomed exit 0: succeeded",
    "doomed exit 1: image",
    "doomed exit 99: skipped",
    "gone: lost",
    "cancelled gone: cancelled",
    "doomed gone: image",
  ]);
});

test("a lost pod says where it was last seen", () => {
  const outcome = outcomeOfGone(podOf({ phase: "Running", state: running }));
  expect(outcome).toMatchObject({
    failing: {
      message:
        "the pod is gone; it was last seen running on node node-1, and Chasqui did not remove it",
    },
  });
});

test("a doom that somebody else wrote is none", () => {
  expect(readDoom("{}")).toBeUndefined();
  expect(readDoom("not json")).toBeUndefined();
  expect(readDoom(doom)).toMatchObject({ state: "failed", evidence: { pod: "att-x" } });
});
