// The key of a tick's run, from the schedule's template.
// Loaded with the first schedule that has one: the expression language is a good part of this process's memory.
import { createScope, renderValue } from "@chasqui/dag";
import type { Occasion } from "@chasqui/dag/time";
import { RUN_KEY_LENGTH_MAX } from "./core/triggers.ts";
import type { KnownDag } from "./core/learn.ts";

export function tickKeys(
  { dagId, timezone }: KnownDag,
  template: string,
): (occasion: Occasion) => string | { readonly reason: string } {
  return ({ logicalMs, interval }) => {
    const run = { dagId, logicalMs, timezone, interval, cause: "schedule" };
    const result = renderValue(template, createScope({ run }));
    if (!result.ok) return { reason: `key: ${result.message}` };
    const { value } = result;
    const key = typeof value === "number" ? String(value) : value;
    if (typeof key !== "string")
      return { reason: `key: ${template} gives ${JSON.stringify(value)}: want a text` };
    if (key.length < 1 || key.length > RUN_KEY_LENGTH_MAX || /\p{Cc}/u.test(key))
      return {
        reason: `key: ${JSON.stringify(key.slice(0, 80))} has ${key.length} characters: want 1 to ${RUN_KEY_LENGTH_MAX}, no control characters`,
      };
    return key;
  };
}
