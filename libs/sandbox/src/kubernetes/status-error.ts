// Every failure of the API server is a Status object, in the words of the real one: clients and
// people match on `reason`, `code` and `details`.

export interface StatusCause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

export class StatusError extends Error {
  override readonly name = "StatusError";
  readonly code: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;
  constructor(code: number, reason: string, message: string, details?: StatusDetails) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  toStatus(): Record<string, unknown> {
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: this.message,
      reason: this.reason,
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    };
  }

  static from(thrown: unknown): StatusError {
    if (thrown instanceof StatusError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new StatusError(500, "InternalError", `Internal error occurred: ${message}`);
  }
}

export function notFound(plural: string, name: string): StatusError {
  const message = `${plural} ${JSON.stringify(name)} not found`;
  return new StatusError(404, "NotFound", message, { name, kind: plural });
}

export function noSuchPath(): StatusError {
  return new StatusError(404, "NotFound", "the server could not find the requested resource");
}

export function alreadyExists(plural: string, name: string): StatusError {
  const message = `${plural} ${JSON.stringify(name)} already exists`;
  return new StatusError(409, "AlreadyExists", message, { name, kind: plural });
}

export function conflict(plural: string, name: string, why: string): StatusError {
  const message = `Operation cannot be fulfilled on ${plural} ${JSON.stringify(name)}: ${why}`;
  return new StatusError(409, "Conflict", message, { name, kind: plural });
}

export function invalid(kind: string, name: string, causes: readonly StatusCause[]): StatusError {
  const texts = causes.map((cause) => `${cause.field}: ${cause.message}`);
  const list = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
  const message = `${kind} ${JSON.stringify(name)} is invalid: ${list}`;
  return new StatusError(422, "Invalid", message, { name, kind, causes });
}

export function badRequest(message: string): StatusError {
  return new StatusError(400, "BadRequest", message);
}

/** 410 for a page of a list whose snapshot is gone. */
export function expired(message: string): StatusError {
  return new StatusError(410, "Expired", message);
}

export function unsupportedMedia(got: string, wanted: string): StatusError {
  const message = `the body of the request was in an unknown format (${got}) - accepted media types include: ${wanted}`;
  return new StatusError(415, "UnsupportedMediaType", message);
}

export function methodNotAllowed(): StatusError {
  const message = "the server does not allow this method on the requested resource";
  return new StatusError(405, "MethodNotAllowed", message);
}
