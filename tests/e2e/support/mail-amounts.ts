// What a mail says, read back from its HTML, its text and its CSV. An amount is its digits: whatever the locale
// puts between them, two of them are cents.
import { readCsv } from "./sample.ts";

export interface Amounts {
  /** Delivery id → cents. */
  readonly deliveries: ReadonlyMap<string, bigint>;
  readonly totalCents: bigint;
}

const digits = (text: string): bigint => BigInt(text.replace(/\D/g, ""));
const cellsOf = (row: string): string[] =>
  [...row.matchAll(/<td[^>]*>([\s\S]*?)<\/td>/g)].map(([, cell = ""]) => cell.trim());

export function amountsInHtml(html: string): Amounts {
  const part = (name: string): string =>
    new RegExp(`<${name}>([\\s\\S]*)</${name}>`).exec(html)?.[1] ?? "";
  const rows = part("tbody")
    .split("</tr>")
    .map(cellsOf)
    .filter((cells) => cells.length > 0);
  return {
    deliveries: new Map(rows.map((cells) => [cells[2] ?? "", digits(cells[4] ?? "")])),
    totalCents: digits(cellsOf(part("tfoot")).at(-1) ?? ""),
  };
}

/** The line of a delivery ends with its amount after two spaces; the total's line with it after a colon. */
export function amountsInText(text: string): Amounts {
  const lines = text.split(/\r?\n/);
  const deliveries = lines.flatMap((line): [string, bigint][] => {
    const found = /\b(d-\d+)\b.*: [\d.,]+ {2}(.+)$/.exec(line);
    return found === null ? [] : [[found[1] ?? "", digits(found[2] ?? "")]];
  });
  const total = lines.find((line) => line.startsWith("Total (")) ?? "";
  return { deliveries: new Map(deliveries), totalCents: digits(total.split("): ")[1] ?? "") };
}

export function amountsInCsv(csv: string): Amounts {
  const [header = [], ...rows] = readCsv(csv);
  const [id, cents] = [header.indexOf("delivery_id"), header.indexOf("cost_cents")];
  const deliveries = new Map(rows.map((row) => [row[id] ?? "", BigInt(row[cents] ?? "")]));
  return { deliveries, totalCents: [...deliveries.values()].reduce((a, b) => a + b, 0n) };
}
