// What `npm test` says at its end, from what its parts counted. Invariants:
//   Y1. A failure anywhere, a part that ended badly and a skip that nobody explained all make the whole fail.
//   Y2. A run in which nothing ran fails.
//   Y3. An explanation of a skip that fits no test is a failure of a whole run: it hides a later one. Of a part that
//       did not live to count nobody knows which tests it has: that is one failure, not one for each explanation.
export interface PartCounts {
  readonly passed: number;
  readonly failed: number;
  /** Full names, "file > suite > test". */
  readonly skipped: readonly string[];
  readonly ran: readonly string[];
  readonly empty: readonly string[];
}

/** A skip that is allowed: this test needs what is not everywhere, and it runs elsewhere. */
export interface AllowedSkip {
  readonly test: string;
  readonly missing: string;
  readonly runsIn: string;
}

export interface Part {
  readonly name: string;
  /** Undefined: it died before it could count. */
  readonly counts: PartCounts | undefined;
  readonly exitCode: number;
}

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Why, for each failure that no test reported itself. */
  readonly remarks: readonly string[];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

export function parseSkips(text: string): readonly AllowedSkip[] {
  const value: unknown = JSON.parse(text);
  if (!Array.isArray(value)) throw new Error("tests/skips.json: want a list");
  return value.map((entry: unknown, index) => {
    const { test, missing, runsIn } = isRecord(entry) ? entry : {};
    if (typeof test !== "string" || typeof missing !== "string" || typeof runsIn !== "string") {
      throw new Error(`tests/skips.json: entry ${index}: want the texts test, missing and runsIn`);
    }
    if ([test, missing, runsIn].some((field) => field.trim() === "")) {
      throw new Error(`tests/skips.json: entry ${index} (${test}): an empty text explains nothing`);
    }
    return { test, missing, runsIn };
  });
}

function remarksOnSkips(
  parts: readonly Part[],
  skips: readonly AllowedSkip[],
  isWhole: boolean,
): string[] {
  const skipped = parts.flatMap(({ counts }) => counts?.skipped ?? []);
  const ran = parts.flatMap(({ counts }) => counts?.ran ?? []);
  const remarks: string[] = [];
  for (const name of skipped) {
    if (skips.some(({ test }) => test === name)) continue;
    remarks.push(
      `skipped without a reason: ${name} (tests/skips.json must say what is missing and where it runs)`,
    );
  }
  const known = new Set([...skipped, ...ran]);
  const isCounted = isWhole && parts.every(({ counts }) => counts !== undefined);
  for (const { test } of isCounted ? skips : []) {
    if (!known.has(test))
      remarks.push(`tests/skips.json names a test that does not exist: ${test}`);
  }
  return remarks;
}

export function tally(input: {
  readonly checks: readonly { readonly ok: boolean }[];
  readonly parts: readonly Part[];
  readonly skips: readonly AllowedSkip[];
  /** All parts, all files. */
  readonly isWhole: boolean;
}): Tally {
  const { checks, parts, skips, isWhole } = input;
  let passed = checks.filter(({ ok }) => ok).length;
  let failed = checks.length - passed;
  const remarks: string[] = [];
  for (const { name, counts, exitCode } of parts) {
    passed += counts?.passed ?? 0;
    failed += counts?.failed ?? 0;
    for (const test of counts?.empty ?? []) remarks.push(`a test without a body: ${test}`);
    if (exitCode !== 0 && (counts === undefined || counts.failed === 0)) {
      remarks.push(`${name}: vitest ended with exit code ${exitCode}`);
    }
  }
  remarks.push(...remarksOnSkips(parts, skips, isWhole));
  if (passed + failed + remarks.length === 0) remarks.push("nothing ran");
  const skipped = parts.reduce((sum, { counts }) => sum + (counts?.skipped.length ?? 0), 0);
  return { passed, failed: failed + remarks.length, skipped, remarks };
}

export function closingLine({ passed, failed, skipped }: Tally): string {
  const line = `${passed} passed, ${failed} failed`;
  return skipped === 0 ? line : `${line}, ${skipped} skipped`;
}
