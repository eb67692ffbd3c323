// IANA time zones: is a name known, and which one was meant.
import { nearest } from "../text/suggest.ts";

/** Asking Intl takes milliseconds. Only names of zones get in here, and of those there are some hundreds. */
const known = new Set<string>();

/** A name such as America/Bogota or UTC; offsets such as +05:00 are not zones, for they know no daylight saving. */
export function isZone(name: string): boolean {
  if (known.has(name)) return true;
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    known.add(name);
    return true;
  } catch {
    return false;
  }
}

/** The zone that was probably meant: by spelling, or by the city alone ("Bogota"). */
export function nearestZone(name: string): string | undefined {
  const zones = Intl.supportedValuesOf("timeZone");
  const city = name.toLowerCase().replaceAll(" ", "_");
  const byCity = zones.find((zone) => zone.toLowerCase().split("/").at(-1) === city);
  return byCity ?? nearest(name, [...zones, "UTC"]);
}
