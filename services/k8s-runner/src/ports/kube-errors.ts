// What the API server's refusals mean.
import { TaskFailure } from "@chasqui/runner";
import type { FailureInit } from "@chasqui/runner";
import { ApiException } from "@kubernetes/client-node";

export interface ApiStatus {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
}

/** Undefined for anything that did not come from the API server. */
export function statusOf(error: unknown): ApiStatus | undefined {
  if (!(error instanceof ApiException)) return undefined;
  const body = bodyOf(error.body);
  const reason = typeof body["reason"] === "string" ? body["reason"] : "";
  const message = typeof body["message"] === "string" ? body["message"] : error.message;
  return { code: error.code, reason, message };
}

/** The client gives the body as an object, or as its JSON text. */
function bodyOf(body: unknown): Readonly<Record<string, unknown>> {
  let value = body;
  if (typeof body === "string") {
    try {
      value = JSON.parse(body);
    } catch {
      return { message: body };
    }
  }
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/** A pod that is refused however often it is sent; undefined when it is worth another try. */
export function refusedForGood(error: unknown): TaskFailure | undefined {
  const status = statusOf(error);
  if (status === undefined) return undefined;
  const failure = refusal(status);
  if (failure === undefined) return undefined;
  return new TaskFailure(failure, { cause: error });
}

export function refusal({ code, reason, message }: ApiStatus): FailureInit | undefined {
  const evidence = { status: code, reason };
  const of = (kind: "config" | "quota", permanent: boolean): FailureInit => ({
    class: kind,
    message: `Kubernetes refuses the pod: ${message}`,
    evidence,
    neverStarted: true,
    permanent,
  });
  if (code === 403 && /exceeded quota|quota/i.test(message)) return of("quota", false);
  if (code === 400 || code === 413 || code === 422) return of("config", true);
  if (code === 403 || code === 404) return of("config", false);
  return undefined;
}
