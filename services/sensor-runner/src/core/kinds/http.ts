// What an HTTP endpoint's answer means to a wait. Pure.
import { fitted } from "../fit-output.ts";
import type { Json, Seen } from "../wait.ts";

export interface HttpConfig {
  readonly url: string;
  readonly method: "GET" | "HEAD" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  /** Any of these; empty means any 2xx. */
  readonly expectStatus: readonly number[];
  /** CEL over `response`; absent means that the status is enough. */
  readonly expectBody: string | undefined;
  /** CEL over `response`: when it holds, what is waited for can never come. */
  readonly failWhen: string | undefined;
  readonly connection: string | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed when it is JSON and whole, else text. */
  readonly body: Json;
  /** It was longer than what is kept. */
  readonly cut: boolean;
}

/** Of a condition: a text when it could not be evaluated, undefined when there is none. */
export type Held = boolean | string | undefined;

export function judgeHttp(
  config: HttpConfig,
  answer: HttpAnswer,
  { fits, fails }: { readonly fits: Held; readonly fails: Held },
): Seen {
  const { status, body, cut } = answer;
  if (fails === true)
    return {
      is: "over",
      class: "upstream",
      permanent: false,
      note: `${config.url} answered ${status}, and fail_when holds: ${config.failWhen}`,
      evidence: { status },
    };
  const note = noteOf(status, fits, fails);
  if (!statusFits(config, status) || (fits !== undefined && fits !== true))
    return { is: "not_yet", note, evidence: { status } };
  const output = fitted({ status, body, ...(cut ? { cut: true } : {}) }, "body");
  return { is: "there", note: `answered ${status}`, output };
}

const statusFits = ({ expectStatus }: HttpConfig, status: number): boolean =>
  expectStatus.length === 0 ? status >= 200 && status <= 299 : expectStatus.includes(status);

function noteOf(status: number, fits: Held, fails: Held): string {
  const why = [fits, fails].filter((held) => typeof held === "string");
  if (fits === false) why.unshift("the body does not fit yet");
  return [`answered ${status}`, ...why].join("; ");
}
