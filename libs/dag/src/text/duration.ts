// Durations as authors write them ("30s", "5m", "1h30m", "2d") and as the machine counts them (milliseconds).
import { limits } from "../limits.ts";
import { quote } from "./suggest.ts";

const UNITS_MS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;
type Unit = keyof typeof UNITS_MS;
const ORDER: readonly Unit[] = ["d", "h", "m", "s", "ms"];

export type DurationResult =
  | { readonly ok: true; readonly ms: number }
  | { readonly ok: false; readonly message: string };

const WANT = "want a duration such as 30s, 5m, 1h30m or 2d";

/** Parses a duration; units from large to small, each at most once. */
export function parseDuration(text: string): DurationResult {
  const trimmed = text.trim();
  if (trimmed.length > 50 || !/^(\d+(?:\.\d+)?(?:ms|[dhms]))+$/.test(trimmed))
    return { ok: false, message: `${quote(text)} is not a duration: ${WANT}` };
  let ms = 0;
  let rank = -1;
  for (const [, amount, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)(ms|[dhms])/g)) {
    const next = ORDER.findIndex((known) => known === unit);
    const known = ORDER[next];
    if (known === undefined || next <= rank)
      return {
        ok: false,
        message: `${quote(text)} is not a duration: units go from d to ms, each once`,
      };
    rank = next;
    ms += Number(amount) * UNITS_MS[known];
  }
  if (ms > limits.durationMsMax)
    return {
      ok: false,
      message: `${quote(text)} is too long: want at most ${formatDuration(limits.durationMsMax)}`,
    };
  return { ok: true, ms: Math.round(ms) };
}

/** The shortest spelling that parses to the same duration. */
export function formatDuration(ms: number): string {
  let rest = Math.max(0, Math.round(ms));
  let text = "";
  for (const unit of ORDER) {
    const count = Math.floor(rest / UNITS_MS[unit]);
    if (count === 0) continue;
    text += `${count}${unit}`;
    rest -= count * UNITS_MS[unit];
  }
  return text === "" ? "0s" : text;
}
