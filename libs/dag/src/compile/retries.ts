// `retries`: a number, or a map of max, backoff, factor and max_backoff. A task's fields win over the defaults' one by one.
import { create } from "@bufbuild/protobuf";
import type { JsonValue } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { RetryPolicySchema } from "@chasqui/contracts";
import type { RetryPolicy } from "@chasqui/contracts";
import { limits } from "../limits.ts";
import type { Path } from "../yaml/source.ts";
import { readDuration, readMap, readNumber } from "./reader.ts";
import type { Reader } from "./reader.ts";
import { defaults, retryFields } from "./words.ts";

export interface Retries {
  readonly max?: number | undefined;
  readonly backoffMs?: number | undefined;
  readonly factor?: number | undefined;
  readonly backoffMsMax?: number | undefined;
}

const maxRule = { min: 0, max: limits.retriesMax, integer: true } as const;
const factorRule = { min: 1, max: 100, integer: false } as const;

export function readRetries(
  reader: Reader,
  path: Path,
  value: JsonValue | undefined,
  name: string,
): Retries {
  if (value === undefined) return {};
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return { max: readNumber(reader, path, value, name, maxRule) };
  const fields = readMap(reader, path, value, name, retryFields) ?? {};
  const { max, backoff, factor, max_backoff: maxBackoff } = fields;
  const zero = { zero: true };
  return {
    max: readNumber(reader, [...path, "max"], max, `${name} max`, maxRule),
    backoffMs: readDuration(reader, [...path, "backoff"], backoff, `${name} backoff`, zero),
    factor: readNumber(reader, [...path, "factor"], factor, `${name} factor`, factorRule),
    backoffMsMax: readDuration(reader, [...path, "max_backoff"], maxBackoff, `${name} max_backoff`),
  };
}

/** The policy with every default written out; undefined when nothing is repeated. */
export function retryPolicy(own: Retries, shared: Retries): RetryPolicy | undefined {
  const max = own.max ?? shared.max ?? 0;
  if (max === 0) return undefined;
  const backoffMs = own.backoffMs ?? shared.backoffMs ?? defaults.backoffMs;
  const backoffMsMax = own.backoffMsMax ?? shared.backoffMsMax ?? defaults.backoffMsMax;
  return create(RetryPolicySchema, {
    max,
    backoff: durationFromMs(backoffMs),
    factor: own.factor ?? shared.factor ?? defaults.factor,
    maxBackoff: durationFromMs(Math.max(backoffMs, backoffMsMax)),
  });
}
