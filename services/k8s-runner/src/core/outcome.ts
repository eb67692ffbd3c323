// From how a pod ended, or vanished, to the outcome that is reported. Pure.
// Invariants:
//   O1. Success and skipping stand, whatever was asked for meanwhile.
//   O2. Without success, a pod that we asked to end for a cancel is "cancelled", one that we gave up has failed as we
//       said when we did.
//   O3. A pod that vanished without either is lost, with all that was known of it.
import type { Evidence } from "./evidence.ts";
import type { Json } from "./json.ts";
import { ANNOTATIONS } from "./note.ts";
import type { PodFacts } from "./pod.ts";
import type { Ended, Failing } from "./verdict.ts";

export type PodOutcome =
  | { readonly state: "succeeded"; readonly output?: Json }
  | { readonly state: "skipped"; readonly reason: string }
  | { readonly state: "cancelled" }
  | { readonly state: "failed"; readonly failing: Failing; readonly evidence?: Evidence };

export function outcomeOfEnded(pod: PodFacts, { end }: Ended): PodOutcome {
  if ("output" in end) return { state: "succeeded", output: end.output };
  if ("nothing" in end) return { state: "succeeded" };
  if ("skipped" in end) return { state: "skipped", reason: end.skipped };
  return weAsked(pod) ?? { state: "failed", failing: end.failing };
}

export function outcomeOfGone(pod: PodFacts): PodOutcome {
  const asked = weAsked(pod);
  if (asked !== undefined) return asked;
  const where = pod.node === "" ? "on no node" : `on node ${pod.node}`;
  const failing: Failing = {
    class: "lost",
    message: `the pod is gone; it was last seen ${pod.phase.toLowerCase()} ${where}, and Chasqui did not remove it`,
  };
  return { state: "failed", failing };
}

function weAsked(pod: PodFacts): PodOutcome | undefined {
  if (pod.annotations[ANNOTATIONS.cancel] !== undefined) return { state: "cancelled" };
  return readDoom(pod.annotations[ANNOTATIONS.doomed]);
}

export interface Doom {
  readonly failing: Failing;
  readonly evidence: Evidence;
}

export const writeDoom = (doom: Doom): string => JSON.stringify(doom);

/** Only this service writes it; anything else is taken for no doom at all. */
export function readDoom(text: string | undefined): PodOutcome | undefined {
  if (text === undefined) return undefined;
  try {
    const { failing, evidence } = JSON.parse(text) as Doom;
    if (typeof failing.class !== "string" || typeof failing.message !== "string") return undefined;
    return { state: "failed", failing, evidence };
  } catch {
    return undefined;
  }
}
