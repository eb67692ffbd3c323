// What the API server's refusals mean.
import { KubeError } from "@chasqui/kubernetes";
import { TaskFailure } from "@chasqui/runner";
import type { FailureInit } from "@chasqui/runner";

/** A pod that is refused however often it is sent; undefined when it is worth another try. */
export function refusedForGood(error: unknown): TaskFailure | undefined {
  if (!(error instanceof KubeError)) return undefined;
  const failure = refusal(error);
  return failure === undefined ? undefined : new TaskFailure(failure, { cause: error });
}

export function refusal({ code, reason, message }: KubeError): FailureInit | undefined {
  const of = (kind: "config" | "quota", permanent: boolean): FailureInit => ({
    class: kind,
    message: `Kubernetes refuses the pod: ${message}`,
    evidence: { status: code, reason },
    neverStarted: true,
    permanent,
  });
  if (code === 403 && /quota/i.test(message)) return of("quota", false);
  if (code === 400 || code === 413 || code === 422) return of("config", true);
  if (code === 403 || code === 404) return of("config", false);
  return undefined;
}
