// A recipient's rows as a CSV file that a spreadsheet opens as it is: UTF-8 with its mark, no formulas.
import { stringify } from "csv-stringify/sync";
import { csvCell } from "../core/cells.ts";
import type { Row } from "../core/rows.ts";
import type { Attachment } from "./mail.ts";

export function csvAttachment(
  rows: readonly Row[],
  name: { readonly report: string; readonly period: string; readonly key: string },
): Attachment {
  const columns = Object.keys(rows[0] ?? {});
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column] ?? null))];
  return {
    filename: `${[name.report, name.period, name.key].map(fileToken).join("_")}.csv`,
    contentType: "text/csv; charset=utf-8",
    content: stringify(
      lines.map((cells) => cells.map(csvCell)),
      { bom: true, record_delimiter: "windows" },
    ),
  };
}

/** What every file system takes. */
const fileToken = (text: string): string => text.replace(/[^\p{L}\p{N}.-]+/gu, "-").slice(0, 60);
