// What the rows of a query mean to a wait. Pure.
import { fitted } from "../fit-output.ts";
import type { Json, JsonMap, Seen } from "../wait.ts";
import type { Held } from "./http.ts";

/** Rows that are looked at; the query should need no more. */
export const ROWS_MAX = 100;

export interface SqlConfig {
  readonly connection: string;
  /** As the author wrote it. */
  readonly query: string;
  readonly params: Readonly<Record<string, string>>;
  /** CEL over `rows` and `row`; absent means that the first cell counts. */
  readonly expect: string | undefined;
  /** CEL: when it holds, what is waited for can never come. */
  readonly failWhen: string | undefined;
}

export function judgeSql(
  { expect, failWhen }: SqlConfig,
  rows: readonly JsonMap[],
  { fits, fails }: { readonly fits: Held; readonly fails: Held },
): Seen {
  const row = rows[0] ?? null;
  const count = rows.length;
  const found = `found ${count === ROWS_MAX ? `${count} rows or more` : plural(count)}`;
  if (fails === true)
    return {
      is: "over",
      class: "upstream",
      permanent: false,
      note: `${found}, and fail_when holds: ${failWhen}`,
      evidence: { rows: count, row },
    };
  const isThere = expect === undefined ? counts(firstCell(row)) : fits === true;
  const why = [fits, fails].filter((held) => typeof held === "string");
  if (!isThere && expect === undefined && row !== null)
    why.unshift(`its first cell is ${shown(firstCell(row))}`);
  const note = [found, ...why].join("; ");
  if (!isThere) return { is: "not_yet", note, evidence: { rows: count } };
  return { is: "there", note: found, output: fitted({ count, row }, "row") };
}

const plural = (count: number): string => `${count} row${count === 1 ? "" : "s"}`;

const firstCell = (row: JsonMap | null): Json =>
  row === null ? null : (Object.values(row)[0] ?? null);

/** As people mean it, and as Airflow's SqlSensor has it: null, false, 0, "0" and nothing are "not yet". */
const counts = (cell: Json): boolean =>
  cell !== null && cell !== false && cell !== 0 && cell !== "" && cell !== "0";

function shown(cell: Json): string {
  const text = JSON.stringify(cell);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
