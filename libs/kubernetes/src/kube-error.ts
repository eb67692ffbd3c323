// The API server answered, and refused.

const BODY_LENGTH_MAX = 500;

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
