// The HTTP API as the pages use it. Every failure is an RequestFailure with the server's own words.
import type { ApiError } from "../src/api.ts";

export class RequestFailure extends Error {
  override readonly name = "RequestFailure";
  readonly status: number;
  readonly hint: string;
  constructor(status: number, { error, hint }: ApiError) {
    super(error);
    this.status = status;
    this.hint = hint;
  }
}

export function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return ask<T>(path, signal === undefined ? {} : { signal });
}

export function postJson<T>(path: string, body: object): Promise<T> {
  const headers = { "content-type": "application/json" };
  return ask<T>(path, { method: "POST", headers, body: JSON.stringify(body) });
}

async function ask<T>(path: string, init: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if (init.signal?.aborted === true) throw error;
    throw new RequestFailure(0, {
      error: "The console does not answer.",
      hint: "It may be restarting; this page tries again by itself.",
    });
  }
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw new RequestFailure(response.status, errorOf(body, response.status));
  return body as T; // the API's types are shared with the server that wrote it
}

function errorOf(body: unknown, status: number): ApiError {
  if (
    typeof body === "object" &&
    body !== null &&
    "error" in body &&
    typeof body.error === "string"
  )
    return {
      error: body.error,
      hint: "hint" in body && typeof body.hint === "string" ? body.hint : "",
    };
  return { error: `The console answers ${status}.`, hint: "See its log." };
}

export const failureOf = (thrown: unknown): RequestFailure =>
  thrown instanceof RequestFailure
    ? thrown
    : new RequestFailure(0, {
        error: thrown instanceof Error ? thrown.message : String(thrown),
        hint: "",
      });
