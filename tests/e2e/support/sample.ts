// What the main job's mails must say, worked out from the sample by code that shares nothing with the product:
// a reader of CSV by characters, sums of whole cents in BigInt.
import { readFileSync } from "node:fs";
import path from "node:path";

const folder = path.resolve(import.meta.dirname, "../../../dags/carrier-daily-costs/sample");

export interface SampleDelivery {
  readonly id: string;
  readonly route: string;
  readonly city: string;
  readonly parcels: number;
  readonly cents: bigint;
}

export interface SampleCarrier {
  readonly key: string;
  readonly name: string;
  readonly email: string;
  readonly deliveries: readonly SampleDelivery[];
  readonly totalCents: bigint;
}

/** Rows of cells; a cell may be quoted, and a quote in it is doubled. */
export function readCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  let cell = "";
  let isQuoted = false;
  const endCell = (): void => {
    rows.at(-1)?.push(cell);
    cell = "";
  };
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (isQuoted && char === '"' && text[at + 1] === '"') {
      cell += '"';
      at += 1;
    } else if (char === '"') isQuoted = !isQuoted;
    else if (isQuoted) cell += char;
    else if (char === ",") endCell();
    else if (char === "\n") {
      endCell();
      rows.push([]);
    } else if (char !== "\r" && char !== "\uFEFF") cell += char;
  }
  if (cell !== "" || (rows.at(-1) ?? []).length > 0) endCell();
  return rows.filter((row) => row.length > 0);
}

function readSample(name: string): string[][] {
  return readCsv(readFileSync(path.join(folder, name), "utf8")).slice(1);
}

/** All twelve carriers, those without deliveries included. */
export function sampleCarriers(): SampleCarrier[] {
  const byCarrier = new Map<string, SampleDelivery[]>();
  for (const [id = "", carrier = "", route = "", city = "", parcels = "", cents = ""] of readSample(
    "deliveries.csv",
  )) {
    const delivery = { id, route, city, parcels: Number(parcels), cents: BigInt(cents) };
    byCarrier.set(carrier, [...(byCarrier.get(carrier) ?? []), delivery]);
  }
  return readSample("carriers.csv").map(([key = "", name = "", email = ""]) => {
    const deliveries = byCarrier.get(key) ?? [];
    return { key, name, email, deliveries, totalCents: sum(deliveries) };
  });
}

const sum = (deliveries: readonly SampleDelivery[]): bigint =>
  deliveries.reduce((total, { cents }) => total + cents, 0n);
