// Scripted misfortune. Of pods: by annotation on the pod, or for the next pods that match (a DAG
// need not know that it is tested). Of the API: answers with an error status.
import { at, isObject, numberAt, textAt } from "../web/json.ts";
import { annotationOf, labelsOf } from "./objects.ts";
import type { KubeObject } from "./objects.ts";
import { parseLabelSelector } from "./selectors.ts";
import { badRequest, StatusError } from "./status-error.ts";

export const BEHAVIOUR_ANNOTATION = "sandbox.chasqui.io/behaviour";
export const AFTER_ANNOTATION = "sandbox.chasqui.io/after-ms";

export const BEHAVIOURS = [
  "image-pull",
  "oom",
  "evict",
  "hang",
  "hang-deaf",
  "unschedulable",
  "node-lost",
] as const;
export type Behaviour = (typeof BEHAVIOURS)[number];

export interface PodFault {
  readonly behaviour: Behaviour;
  /** The real command runs this long first; undefined: it is never started. */
  readonly afterMs: number | undefined;
}

interface PodScript extends PodFault {
  readonly matches: (labels: Readonly<Record<string, string>>) => boolean;
  times: number;
}

/** The request is not answered; with `work`, it is done all the same. */
export interface Drop {
  readonly work: boolean;
}

interface ApiScript {
  readonly status: number;
  readonly drop: Drop | undefined;
  readonly method: string | undefined;
  readonly pathPart: string;
  readonly retryAfterSeconds: number | undefined;
  times: number;
}

export class Faults {
  #pods: PodScript[] = [];
  #api: ApiScript[] = [];

  /**
   * `{kind: "pod", behaviour, labelSelector?, afterMs?, times?}`, or
   * `{kind: "api", method?, path?, times?}` with `status` and `retryAfterSeconds?`, or `drop: true`
   * (the connection breaks) and `afterWork?` (what was asked is done, only the answer is lost).
   */
  add(body: unknown): void {
    const times = numberAt(body, "times") ?? 1;
    const kind = textAt(body, "kind");
    if (kind === "pod") {
      const behaviour = parseBehaviour(textAt(body, "behaviour"));
      const matches = parseLabelSelector(textAt(body, "labelSelector") ?? "");
      this.#pods.push({ behaviour, matches, times, afterMs: numberAt(body, "afterMs") });
      return;
    }
    if (kind === "api") {
      const status = numberAt(body, "status") ?? 503;
      if (status < 400 || status > 599) throw badRequest(`status ${status}: want 400..599`);
      const retryAfterSeconds = numberAt(body, "retryAfterSeconds");
      const drop = at(body, "drop") === true ? { work: at(body, "afterWork") === true } : undefined;
      const [method, pathPart] = [textAt(body, "method"), textAt(body, "path") ?? "/api"];
      this.#api.push({ status, drop, method, pathPart, times, retryAfterSeconds });
      return;
    }
    const got = isObject(body) ? JSON.stringify(kind) : typeof body;
    throw badRequest(`fault kind ${got}: want "pod", "api", "compact" or "cut"`);
  }

  clear(): void {
    this.#pods = [];
    this.#api = [];
  }

  /** Refuses a pod whose annotations ask for what is not known. */
  check(pod: KubeObject): void {
    written(pod);
  }

  /** What befalls this pod. A script is used up by the pods it strikes. */
  forPod(pod: KubeObject): PodFault | undefined {
    const annotated = written(pod);
    if (annotated !== undefined) return annotated;
    const script = this.#pods.find((one) => one.times > 0 && one.matches(labelsOf(pod)));
    if (script === undefined) return undefined;
    script.times -= 1;
    return { behaviour: script.behaviour, afterMs: script.afterMs };
  }

  /** Throws the scripted answer to this request, or says that it is to have none. */
  strikeApi(method: string, path: string): Drop | undefined {
    const script = this.#api.find(
      (one) =>
        one.times > 0 &&
        (one.method === undefined || one.method === method) &&
        path.includes(one.pathPart),
    );
    if (script === undefined) return undefined;
    script.times -= 1;
    if (script.drop !== undefined) return script.drop;
    const reason = script.status === 429 ? "TooManyRequests" : "ServiceUnavailable";
    const { retryAfterSeconds } = script;
    const details = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
    throw new StatusError(script.status, reason, "scripted by the sandbox", details);
  }
}

function written(pod: KubeObject): PodFault | undefined {
  const behaviour = annotationOf(pod, BEHAVIOUR_ANNOTATION) ?? "";
  if (behaviour === "") return undefined;
  const after = annotationOf(pod, AFTER_ANNOTATION);
  const afterMs = after === undefined ? undefined : Number(after);
  if (afterMs !== undefined && !(afterMs >= 0)) {
    throw badRequest(`${AFTER_ANNOTATION} ${JSON.stringify(after)}: want milliseconds`);
  }
  return { behaviour: parseBehaviour(behaviour), afterMs };
}

function parseBehaviour(text: string | undefined): Behaviour {
  const found = BEHAVIOURS.find((behaviour) => behaviour === text);
  if (found === undefined) {
    throw badRequest(
      `${BEHAVIOUR_ANNOTATION} ${JSON.stringify(text)}: want one of ${BEHAVIOURS.join(", ")}`,
    );
  }
  return found;
}
