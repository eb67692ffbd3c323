// What was typed into the form of a backfill, as the API wants it. Pure; what is wrong throws in words.
import { parsedParams } from "./form-fields.ts";

export interface TypedBackfill {
  readonly which: "span" | "dates";
  readonly from: string;
  readonly to: string;
  readonly dates: string;
  readonly reprocess: "none" | "failed" | "all";
  readonly order: "oldest" | "newest";
  readonly maxActive: string;
  readonly params: string;
  readonly reason: string;
}

export const emptyBackfill: TypedBackfill = {
  which: "span",
  from: "",
  to: "",
  dates: "",
  reprocess: "none",
  order: "oldest",
  maxActive: "4",
  params: "",
  reason: "",
};

/** The body of `POST /api/dags/<dag>/backfills`. */
export interface BackfillRequest {
  readonly requestId: string;
  readonly from?: string;
  readonly to?: string;
  readonly dates?: readonly string[];
  readonly reprocess: TypedBackfill["reprocess"];
  readonly maxActive: number;
  readonly newestFirst: boolean;
  readonly params?: unknown;
  readonly reason: string;
}

export function backfillRequestOf(typed: TypedBackfill, requestId: string): BackfillRequest {
  const { which, from, to, dates, reprocess, order, maxActive, params, reason } = typed;
  const until = to.trim() === "" ? {} : { to: to.trim() };
  return {
    requestId,
    ...(which === "span" ? { from: from.trim(), ...until } : { dates: listed(dates) }),
    reprocess,
    maxActive: countOf(maxActive),
    newestFirst: order === "newest",
    ...(params.trim() === "" ? {} : { params: parsedParams(params) }),
    reason: reason.trim(),
  };
}

/** Spaces, commas, semicolons and lines part dates; one that was given twice is one. */
function listed(text: string): string[] {
  const dates = [...new Set(text.split(/[\s,;]+/).filter((date) => date !== ""))];
  if (dates.length > 0) return dates;
  throw new Error("Dates: want one or more, for example 2026-10-06");
}

function countOf(text: string): number {
  const count = Number(text);
  if (text.trim() !== "" && Number.isInteger(count) && count >= 1) return count;
  throw new Error(`Runs at once: "${text}": want a whole number from 1`);
}
