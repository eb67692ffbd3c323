// What the arrays of the statement are made of.
import type { Relation } from "./commit.sql.ts";

export type Cell = string | number | null;
export type Rows = Record<Relation, Cell[][]>;

/** NUL cannot be stored as text or jsonb; whoever sent it gets the replacement character. */
export const clean = (text: string): string =>
  text.includes("\0") ? text.replaceAll("\0", "\uFFFD") : text;
export const json = (value: unknown): string =>
  clean(JSON.stringify(value)).replaceAll("\\u0000", "\\uFFFD");
