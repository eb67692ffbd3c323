// IANA time zones: is a name known, and which one was meant.
import { nearest } from "../text/suggest.ts";

/** Only names of zones get in here, and of those there are some hundreds. */
const known = new Set<string>();
let listed: ReadonlySet<string> | undefined;

/** The list takes 2 ms; a format, which knows old names and other spellings too, takes 25 the first time. */
function isListed(name: string): boolean {
  listed ??= new Set(Intl.supportedValuesOf("timeZone"));
  return listed.has(name);
}

/** A name such as America/Bogota or UTC; offsets such as +05:00 are not zones, for they know no daylight saving. */
export function isZone(name: string): boolean {
  if (known.has(name)) return true;
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(name)) return false;
  try {
    if (name !== "UTC" && !isListed(name)) new Intl.DateTimeFormat("en", { timeZone: name });
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
