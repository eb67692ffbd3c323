// The fields that every sensor's `with` has: how often it looks, how long it waits.
import { ConfigError, duration, flag, number, optional, text, withDefault } from "@chasqui/runner";
import type { Field } from "@chasqui/runner";
import type { Pace, WaitSpec } from "../core/wait.ts";
import { isZone } from "../core/zone.ts";

const DAY_MS = 86_400_000;
const MAX_INTERVAL_MS = 600_000;

export const patience = {
  timeout: optional(duration({ minMs: 100, maxMs: 365 * DAY_MS })),
  soft_fail: withDefault(flag(), false),
};

export const polling = {
  interval: optional(duration({ minMs: 100, maxMs: DAY_MS })),
  factor: withDefault(number({ min: 1, max: 10 }), 1),
  max_interval: optional(duration({ minMs: 100, maxMs: DAY_MS })),
  ...patience,
};

/** A CEL condition. */
export const condition = text({ lengthMax: 4_096 });

const name = text({ lengthMax: 64 });
/** An IANA time zone. */
export const zone: Field<string> = {
  ...name,
  read(value, here) {
    const read = name.read(value, here);
    if (read === undefined || isZone(read)) return read;
    here.problem(`\`${here.path}\` is ${JSON.stringify(read)}: want a zone like America/Bogota`);
    return undefined;
  },
};

/** Of fields that exclude each other, one and only one. */
export function exactlyOne(read: object, names: readonly string[]): void {
  const given = names.filter((name) => Reflect.get(read, name) !== undefined);
  const all = names.map((name) => `\`${name}\``).join(", ");
  if (given.length !== 1)
    throw new ConfigError([`${given.length} of ${all} are given: want exactly one of them`]);
}

interface Polling {
  readonly interval: number | undefined;
  readonly factor: number;
  readonly max_interval: number | undefined;
}
interface Patience {
  readonly timeout: number | undefined;
  readonly soft_fail: boolean;
}

export function polled(
  read: Polling & Patience,
  interval: { readonly defaultMs: number },
): Pick<WaitSpec, "pace" | "timeoutMs" | "softFail"> {
  const pace: Pace = {
    intervalMs: read.interval ?? interval.defaultMs,
    factor: read.factor,
    intervalMsMax: read.max_interval ?? MAX_INTERVAL_MS,
  };
  return { pace, ...patient(read) };
}

export const patient = (read: Patience): Pick<WaitSpec, "timeoutMs" | "softFail"> => ({
  timeoutMs: read.timeout,
  softFail: read.soft_fail,
});
