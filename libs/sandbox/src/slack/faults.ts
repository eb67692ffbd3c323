// Scripted trouble with Slack:
//   {status: 429, retryAfterSeconds: 1}       too many requests
//   {status: 503}                             Slack is ill
//   {error: "ratelimited"}                    an `ok: false` of any kind
//   {drop: true}                              the connection breaks
// with method? (as in chat.postMessage), times? (1) and afterWork? (the message is posted, only
// the answer is lost: the case that makes duplicates).
import { at, numberAt, textAt } from "../web/json.ts";
import { HttpError } from "../web/serve.ts";

export interface SlackFault {
  readonly method: string | undefined;
  readonly status: number | undefined;
  readonly error: string | undefined;
  readonly retryAfterSeconds: number;
  readonly drop: boolean;
  readonly afterWork: boolean;
}

export class SlackFaults {
  #faults: { fault: SlackFault; times: number }[] = [];

  add(body: unknown): void {
    const fault: SlackFault = {
      method: textAt(body, "method"),
      status: numberAt(body, "status"),
      error: textAt(body, "error"),
      retryAfterSeconds: numberAt(body, "retryAfterSeconds") ?? 1,
      drop: at(body, "drop") === true,
      afterWork: at(body, "afterWork") === true,
    };
    if (fault.status === undefined && fault.error === undefined && !fault.drop) {
      throw new HttpError(400, `fault ${JSON.stringify(body)}: want status, error or drop`);
    }
    this.#faults.push({ fault, times: numberAt(body, "times") ?? 1 });
  }

  clear(): void {
    this.#faults = [];
  }

  take(method: string): SlackFault | undefined {
    const found = this.#faults.find(
      ({ fault, times }) => times > 0 && (fault.method === undefined || fault.method === method),
    );
    if (found !== undefined) found.times -= 1;
    return found?.fault;
  }
}
