// Amounts, numbers and dates as a reader of a locale writes them.
// Invariant: F1. Amounts never pass through floating point: cents are whole, and their decimal text is exact.

/** Of each kind; locales come with the recipients. */
const FORMATS_MAX = 100;

/** Making a format of Intl costs a hundred times what using it does, and a report has thousands of numbers. */
function remembered<T>(make: (locale: string, currency: string) => T): typeof make {
  const made = new Map<string, T>();
  return (locale, currency) => {
    const key = `${locale} ${currency}`;
    const found = made.get(key);
    if (found !== undefined) return found;
    const format = make(locale, currency);
    if (made.size >= FORMATS_MAX) made.clear();
    made.set(key, format);
    return format;
  };
}

const moneyFormat = remembered(
  (locale, currency) =>
    new Intl.NumberFormat(locale, {
      style: "currency",
      currency,
      minimumFractionDigits: 2,
      maximumFractionDigits: 2,
    }),
);
const numberFormat = remembered(
  (locale) => new Intl.NumberFormat(locale, { maximumFractionDigits: 20 }),
);
const dateFormat = remembered(
  (locale) => new Intl.DateTimeFormat(locale, { dateStyle: "long", timeZone: "UTC" }),
);

/** 1234567 cents of COP for es-CO: "$ 12.345,67". */
export function formatMoney(cents: unknown, currency: string, locale: string): string {
  const text = decimalOf(cents, "an amount in cents");
  if (!/^-?\d+$/.test(text))
    throw new TypeError(`an amount in cents is ${JSON.stringify(cents)}: want a whole number`);
  const negative = text.startsWith("-");
  const digits = text.slice(negative ? 1 : 0).padStart(3, "0");
  const decimal = decimalOf(
    `${negative ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`,
    "an amount",
  );
  return moneyFormat(locale, currency).format(decimal);
}

export function formatNumber(value: unknown, locale: string): string {
  return numberFormat(locale, "").format(decimalOf(value, "a number"));
}

/** A calendar day, "2026-11-22", in words; it has no zone and gets none. */
export function formatDate(value: unknown, locale: string): string {
  const day = typeof value === "string" ? /^\d{4}-\d{2}-\d{2}/.exec(value)?.[0] : undefined;
  const date = new Date(`${day}T00:00:00Z`);
  if (day === undefined || Number.isNaN(date.getTime()))
    throw new TypeError(`a date is ${JSON.stringify(value)}: want YYYY-MM-DD`);
  return dateFormat(locale, "").format(date);
}

/** The locale itself when this runtime knows it, else the fallback. */
export function supportedLocale(locale: string, fallback: string): string {
  try {
    return Intl.NumberFormat.supportedLocalesOf(locale)[0] ?? fallback;
  } catch {
    return fallback; // not a language tag at all
  }
}

function decimalOf(value: unknown, what: string): Decimal {
  const text = typeof value === "number" || typeof value === "bigint" ? String(value) : value;
  if (typeof text !== "string" || !isDecimal(text))
    throw new TypeError(`${what} is ${JSON.stringify(value) ?? String(value)}: want digits`);
  return text;
}

/** Text that Intl reads exactly, digit by digit. */
type Decimal = Intl.StringNumericLiteral;

function isDecimal(text: string): text is Decimal {
  return /^-?\d+(\.\d+)?$/.test(text);
}

/** The exact sum of whole numbers and decimals, as decimal text. */
export function sumExact(values: readonly unknown[]): string {
  const texts = values.map((value) => decimalOf(value, "a number to sum"));
  const scale = Math.max(0, ...texts.map((text) => text.split(".")[1]?.length ?? 0));
  const sum = texts.reduce((total, text) => {
    const [whole = "", fraction = ""] = text.split(".");
    return total + BigInt(`${whole}${fraction.padEnd(scale, "0")}`);
  }, 0n);
  if (scale === 0) return String(sum);
  const digits = String(sum < 0n ? -sum : sum).padStart(scale + 1, "0");
  return `${sum < 0n ? "-" : ""}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
