// Who is due a report: the recipients query joined with the data rows, in memory, by one key.
// Invariants (each has a property test of the same name):
//   R1. Every recipient appears exactly once: as due, or as left out with a reason.
//   R2. A due recipient has only rows of its own key, all of them, in the query's order.
//   R3. Rows whose key no recipient has are named as left out, never dropped silently.
import { parseAddress } from "./address.ts";
import type { Row } from "./rows.ts";

export interface DueRecipient {
  readonly kind: "due";
  readonly key: string;
  readonly address: string;
  readonly locale: string;
  /** The recipients query's row, for templates. */
  readonly recipient: Row;
  readonly rows: readonly Row[];
}

export interface LeftOut {
  readonly kind: "left_out";
  readonly key: string;
  readonly reason: string;
}

export type Candidate = DueRecipient | LeftOut;

export type Candidates =
  | { readonly kind: "candidates"; readonly candidates: readonly Candidate[] }
  | { readonly kind: "problem"; readonly message: string };

export interface CandidateInput {
  readonly recipients: readonly Row[];
  readonly data: readonly Row[];
  /** The column that both queries share. */
  readonly key: string;
  /** Why a recipient without rows gets no mail. */
  readonly emptyReason: string;
  readonly localeDefault: string;
}

const KEY_LENGTH_MAX = 200;

export function candidatesOf(input: CandidateInput): Candidates {
  const groups = new Map<string, Row[]>();
  for (const row of input.data) {
    const key = keyOf(row, input.key);
    if (key === undefined) return problem("data", row, input.key);
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  const seen = new Set<string>();
  const candidates: Candidate[] = [];
  for (const recipient of input.recipients) {
    const key = keyOf(recipient, input.key);
    if (key === undefined) return problem("recipients", recipient, input.key);
    if (seen.has(key))
      return {
        kind: "problem",
        message: `recipients.query answers ${input.key} ${JSON.stringify(key)} twice: want one row per recipient`,
      };
    seen.add(key);
    candidates.push(candidateOf(key, recipient, groups.get(key) ?? [], input));
  }
  for (const [key, rows] of groups)
    if (!seen.has(key))
      candidates.push({
        kind: "left_out",
        key,
        reason: `${rows.length} ${rows.length === 1 ? "row" : "rows"} of nobody: not in recipients.query`,
      });
  return { kind: "candidates", candidates };
}

function candidateOf(
  key: string,
  recipient: Row,
  rows: readonly Row[],
  input: CandidateInput,
): Candidate {
  const leftOut = (reason: string): LeftOut => ({ kind: "left_out", key, reason });
  if (!isActive(recipient)) return leftOut("inactive");
  if (rows.length === 0) return leftOut(input.emptyReason);
  const address = parseAddress(recipient["email"]);
  if (address === undefined) return leftOut("no valid address");
  const locale = recipient["locale"];
  return {
    kind: "due",
    key,
    address,
    locale: typeof locale === "string" && locale !== "" ? locale : input.localeDefault,
    recipient,
    rows,
  };
}

/** Without a column `active` everybody is; a null is nobody's yes. */
function isActive(recipient: Row): boolean {
  if (!Object.hasOwn(recipient, "active")) return true;
  const value = recipient["active"];
  return typeof value === "string"
    ? /^(t|true|y|yes|1)$/i.test(value)
    : value === true || value === 1;
}

function keyOf(row: Row, column: string): string | undefined {
  const value = row[column];
  if (value === undefined || value === null || value === "") return undefined;
  const key = String(value);
  return key.length <= KEY_LENGTH_MAX && !/[\u0000-\u001f]/.test(key) ? key : undefined;
}

function problem(query: "recipients" | "data", row: Row, column: string): Candidates {
  const value = Object.hasOwn(row, column)
    ? `${column} ${JSON.stringify(row[column])}`
    : `no column ${column}, only ${Object.keys(row).join(", ")}`;
  return {
    kind: "problem",
    message: `${query}.query answers a row with ${value}: want a key of 1 to ${KEY_LENGTH_MAX} printable characters`,
  };
}
