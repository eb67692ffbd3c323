// What was asked of the API server, so that a test can count: each pod was created once.

const REQUESTS_MAX = 50_000;

export interface LoggedRequest {
  readonly sequence: number;
  readonly time: string;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: string;
  /** Of the object: from the path, or from the body of a POST. */
  readonly name: string | undefined;
  readonly status: number;
}

export class RequestLog {
  #requests: LoggedRequest[] = [];
  #sequence = 0;

  add(request: Omit<LoggedRequest, "sequence" | "time">): void {
    this.#sequence += 1;
    const time = new Date().toISOString();
    this.#requests.push({ sequence: this.#sequence, time, ...request });
    if (this.#requests.length > REQUESTS_MAX) this.#requests.splice(0, REQUESTS_MAX / 10);
  }

  find(query: URLSearchParams): LoggedRequest[] {
    const is = (key: string, value: unknown) => !query.has(key) || query.get(key) === String(value);
    return this.#requests.filter(
      (one) =>
        is("method", one.method) &&
        is("name", one.name) &&
        is("status", one.status) &&
        one.path.includes(query.get("path") ?? ""),
    );
  }

  /** How often each pod was created: pod name → number of 201s. */
  podCreates(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { method, path, name, status } of this.#requests) {
      if (method !== "POST" || status !== 201 || name === undefined) continue;
      if (path.endsWith("/pods")) counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    return counts;
  }
}
