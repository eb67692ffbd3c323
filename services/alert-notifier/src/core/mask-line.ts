// Hides what looks like a secret in a log line that leaves the house. The runners mask the secrets they know; this
// is for those that nobody told us about, so it rather hides too much.
const MASK = "[secret]";

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // user:password@ in an address
  [/(:\/\/[^\s/:@]*:)[^\s/@]+@/g, `$1${MASK}@`],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi, `$1 ${MASK}`],
  // Slack, GitHub, AWS, Google, JSON web tokens
  [/\bxox[abeoprs]-[A-Za-z0-9-]{8,}/g, MASK],
  [/\bgh[opsu]_[A-Za-z0-9]{20,}/g, MASK],
  [/\bAKIA[A-Z0-9]{16}\b/g, MASK],
  [/\bAIza[A-Za-z0-9_-]{30,}/g, MASK],
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g, MASK],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----.*/g, MASK],
  // password=…, "api_key": "…"
  [
    /((?:password|passwd|pwd|secret|token|api[_-]?key|credential)s?["']?\s*[=:]\s*["']?)[^\s"',;&]+/gi,
    `$1${MASK}`,
  ],
];

export function maskLine(line: string): string {
  return PATTERNS.reduce(
    (text, [pattern, replacement]) => text.replace(pattern, replacement),
    line,
  );
}
