// Amounts, numbers and dates in es-CO and en.
import { expect, test } from "vitest";
import { formatDate, formatMoney, formatNumber, supportedLocale } from "./format.ts";

const plain = (text: string): string => text.replace(/\s/gu, " ");

test.each([
  ["1234567", "es-CO", "$ 12.345,67"],
  [1234567, "en", "COP 12,345.67"],
  [5, "es-CO", "$ 0,05"],
  ["-70", "es-CO", "-$ 0,70"],
  ["900719925474099312", "es-CO", "$ 9.007.199.254.740.993,12"],
])("%j cents in %s are %s", (cents, locale, text) => {
  expect(plain(formatMoney(cents, "COP", locale))).toBe(text);
});

test.each(["12.5", "", null, undefined, 1.5, Number.NaN, "1e3"])("%j is no amount", (cents) => {
  expect(() => formatMoney(cents, "COP", "en")).toThrow(/an amount in cents is .*: want/);
});

test("amounts of many locales and currencies, in any order, keep their own form", () => {
  const text = (currency: string, locale: string): string =>
    plain(formatMoney("123456", currency, locale));
  const currencies = ["COP", "USD", "EUR", "PEN"];
  const locales = Array.from({ length: 60 }, (_, i) => (i % 2 ? `es-CO-x-a${i}` : `en-x-a${i}`));
  for (const locale of [...locales, ...locales.toReversed()])
    for (const currency of currencies) {
      const amount = locale.startsWith("en") ? "1,234.56" : "1.234,56";
      expect(text(currency, locale)).toContain(amount);
      if (currency !== "COP") expect(text(currency, locale)).not.toBe(text("COP", locale));
    }
});

test("numbers keep their digits", () => {
  expect(formatNumber("1234567.25", "es-CO")).toBe("1.234.567,25");
  expect(formatNumber("9007199254740993", "en")).toBe("9,007,199,254,740,993");
  expect(() => formatNumber("many", "en")).toThrow('a number is "many": want digits');
});

test("dates are days, wherever the process runs", () => {
  expect(formatDate("2026-11-22", "es-CO")).toBe("22 de noviembre de 2026");
  expect(formatDate("2026-11-22T23:59:00Z", "en")).toBe("November 22, 2026");
  expect(() => formatDate("2026-13-01", "en")).toThrow('a date is "2026-13-01": want YYYY-MM-DD');
});

test("an unknown locale falls back", () => {
  expect(supportedLocale("es-CO", "en")).toBe("es-CO");
  expect(supportedLocale("not a locale!", "en")).toBe("en");
});
