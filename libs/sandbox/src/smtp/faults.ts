// Scripted trouble with mail.
// By recipient: `temp@…` is 451 for ever, `temp-2@…` twice and then accepted, `perm@…` is 550.
// For the server: {mode, times?, ms?, code?}
//   down              nobody listens, until "up"
//   drop-after-data   the mail is kept, the answer is not given: the sender is in doubt
//   drop-before-data  the connection breaks before the mail is kept
//   slow              the answer to the mail comes after ms
//   reject            the mail is refused with code (452 or 554, say)
//   up                all well again
import { numberAt, textAt } from "../web/json.ts";
import { HttpError } from "../web/serve.ts";

const MODES = ["up", "down", "drop-after-data", "drop-before-data", "slow", "reject"] as const;
export type MailMode = (typeof MODES)[number];

export interface MailFault {
  readonly mode: MailMode;
  readonly ms: number;
  readonly code: number;
}

export class MailFaults {
  #current: { fault: MailFault; times: number } | undefined;
  readonly #tries = new Map<string, number>();

  /** Returns the mode, for the server to open or close its port. */
  set(body: unknown): MailMode {
    const asked = textAt(body, "mode");
    const mode = MODES.find((one) => one === asked);
    if (mode === undefined) {
      throw new HttpError(400, `mode ${JSON.stringify(asked)}: want one of ${MODES.join(", ")}`);
    }
    const fault = { mode, ms: numberAt(body, "ms") ?? 1_000, code: numberAt(body, "code") ?? 554 };
    const times = numberAt(body, "times") ?? Number.POSITIVE_INFINITY;
    this.#current = mode === "up" || mode === "down" ? undefined : { fault, times };
    return mode;
  }

  /** What befalls the mail that is being sent now. */
  takeForMail(): MailFault | undefined {
    if (this.#current === undefined || this.#current.times <= 0) return undefined;
    this.#current.times -= 1;
    return this.#current.fault;
  }

  /** undefined: this recipient is welcome. */
  refusalOf(address: string): { code: number; text: string } | undefined {
    const local = address.split("@")[0] ?? "";
    if (/^perm(?![a-z])/i.test(local)) {
      return { code: 550, text: `5.1.1 <${address}>: no such user here` };
    }
    const temporary = /^temp(?![a-z])(?:-(\d+))?/i.exec(local);
    if (temporary === null) return undefined;
    const tries = (this.#tries.get(address) ?? 0) + 1;
    this.#tries.set(address, tries);
    if (temporary[1] !== undefined && tries > Number(temporary[1])) return undefined;
    return { code: 451, text: `4.7.1 <${address}>: try again later` };
  }
}
