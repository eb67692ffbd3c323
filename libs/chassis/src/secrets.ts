// The secrets of this process, so that nothing it says shows them: logs, evidence of failures, errors.
// Invariants:
//   S1. After `maskSecrets(values)` no text that went through `mask` contains one of the values, neither
//       plain nor as JSON, URL or base-64 spell it.
//   S2. Masked JSON is JSON: texts and keys in it are masked, and a number that is a secret as a whole.
//   S3. A value shorter than 6 characters is not masked: it would blank out ordinary words and be guessed anyway.

const LENGTH_MIN = 6;
const MASK = "[secret]";

const known = new Set<string>();
let pattern: RegExp | undefined;

/** Registers secret values. Registering one again costs nothing. */
export function maskSecrets(values: Iterable<string>): void {
  for (const value of values) {
    if (value.length < LENGTH_MIN) continue;
    for (const spelling of spellingsOf(value)) known.add(spelling);
  }
  pattern = known.size === 0 ? undefined : patternOf(known);
}

/** The text with each registered secret replaced. */
export function mask(text: string): string {
  return pattern === undefined ? text : text.replace(pattern, MASK);
}

/** The same for JSON as text, which stays JSON whatever a secret looks like. */
export function maskJson(json: string): string {
  return mask(json) === json ? json : JSON.stringify(maskedIn(JSON.parse(json)));
}

function maskedIn(value: unknown): unknown {
  if (typeof value === "string") return mask(value);
  if (Array.isArray(value)) return value.map(maskedIn);
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => [mask(key), maskedIn(one)]),
    );
  return mask(String(value)) === MASK ? MASK : value;
}

/** Registers the password inside a connection address, if it has one. */
export function maskPasswordOf(url: string): void {
  if (!URL.canParse(url)) return;
  const { password } = new URL(url);
  if (password !== "") maskSecrets([password, decodeURIComponent(password)]);
}

/** Forgets every secret. For tests, which share one process. */
export function forgetSecrets(): void {
  known.clear();
  pattern = undefined;
}

function spellingsOf(value: string): string[] {
  return [
    value,
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value.toWellFormed()),
    Buffer.from(value).toString("base64"),
  ];
}

/** Longest first, so that a secret that contains another one is masked whole. */
function patternOf(spellings: ReadonlySet<string>): RegExp {
  const longestFirst = [...spellings].sort((a, b) => b.length - a.length);
  return new RegExp(longestFirst.map(literal).join("|"), "g");
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
