// What the API server's refusals mean.
import { TaskFailure } from "@chasqui/runner";
import type { FailureInit } from "@chasqui/runner";

const BODY_LENGTH_MAX = 500;

/** The API server answered, and refused. */
export class KubeError extends Error {
  override readonly name = "KubeError";
  readonly code: number;
  /** `AlreadyExists`, `NotFound`, `Invalid`, …; empty when the answer was no Status. */
  readonly reason: string;

  constructor(message: string, status: { readonly code: number; readonly reason: string }) {
    super(message);
    this.code = status.code;
    this.reason = status.reason;
  }

  static of(answer: {
    readonly code: number;
    readonly body: string;
    readonly what: string;
  }): KubeError {
    const { code, body, what } = answer;
    const { reason, message } = statusIn(body);
    const said = message === "" ? body.slice(0, BODY_LENGTH_MAX) : message;
    return new KubeError(said === "" ? `${what}: HTTP ${code}` : said, { code, reason });
  }
}

function statusIn(body: string): { reason: string; message: string } {
  try {
    const status: unknown = JSON.parse(body);
    if (typeof status !== "object" || status === null) return { reason: "", message: "" };
    const { reason, message }: { reason?: unknown; message?: unknown } = status;
    return {
      reason: typeof reason === "string" ? reason : "",
      message: typeof message === "string" ? message : "",
    };
  } catch {
    return { reason: "", message: "" };
  }
}

/** The HTTP status of a refusal; undefined for anything that did not come from the API server. */
export const codeOf = (error: unknown): number | undefined =>
  error instanceof KubeError ? error.code : undefined;

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
