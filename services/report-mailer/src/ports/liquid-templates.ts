// Report templates: a folder each with subject.liquid, html.liquid and text.liquid, and words.json with the texts of
// each language.
// Invariants:
//   T1. In html.liquid every value is escaped; only `| raw` lets one through.
//   T2. A subject is one line without control characters.
//   T3. A template reads what it is given and the files of its own folder, for a bounded time.
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { Liquid, type LiquidOptions } from "liquidjs";
import { headerText } from "../core/address.ts";
import { formatDate, formatMoney, formatNumber, sumExact } from "../core/format.ts";
import { type Template, TemplateError, type Templates, type TemplateScope } from "./templates.ts";

const FILES = ["subject.liquid", "html.liquid", "text.liquid"] as const;
const SUBJECT_LENGTH_MAX = 200;
const RENDER_MS_MAX = 5_000;
const TEMPLATE_LENGTH_MAX = 1_000_000;

type Words = Readonly<Record<string, Readonly<Record<string, string>>>>;

export function liquidTemplates(
  root: string,
  { renderMsMax = RENDER_MS_MAX }: { readonly renderMsMax?: number } = {},
): Templates {
  return {
    async load(name) {
      const available = await namesOf(root);
      if (!available.includes(name)) {
        const some = available.length === 0 ? "none there" : available.join(", ");
        throw new TemplateError(
          `template ${JSON.stringify(name)} does not exist: there are ${some}`,
        );
      }
      return await readTemplate(path.join(root, name), { name, renderMsMax });
    },
  };
}

async function namesOf(root: string): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch((cause: unknown) => {
    throw new TemplateError(`the templates cannot be read: ${String(cause)}`, { cause });
  });
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
}

async function readTemplate(
  folder: string,
  { name, renderMsMax }: { readonly name: string; readonly renderMsMax: number },
): Promise<Template> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".liquid"));
  const missing = FILES.filter((file) => !files.includes(file));
  if (missing.length > 0)
    throw new TemplateError(`template ${name} has no ${missing.join(", no ")}: want all three`);
  const sources = Object.fromEntries(
    await Promise.all(
      files.map(async (file) => [file, await readFile(path.join(folder, file), "utf8")] as const),
    ),
  );
  const words = await readWords(folder, name);
  const plain = engine({ templates: sources, renderLimit: renderMsMax });
  const html = engine({ templates: sources, renderLimit: renderMsMax, outputEscape: "escape" });
  return {
    // Told to us, not to the recipient, so in the language of logs.
    emptyReason: (period) => `${words["en"]?.["empty"] ?? "no rows in"} ${period}`,
    async render(scope) {
      const globals = { ...scope, words: wordsOf(words, scope.locale) };
      const one = (by: Liquid, file: (typeof FILES)[number]): string =>
        renderFile(by, file, { name, globals });
      const subject = headerText(one(plain, "subject.liquid"), SUBJECT_LENGTH_MAX);
      if (subject === "")
        throw new TemplateError(`template ${name}: subject.liquid gives an empty subject`);
      return {
        subject,
        html: one(html, "html.liquid"),
        text: one(plain, "text.liquid"),
      };
    },
  };
}

function engine(options: LiquidOptions): Liquid {
  const liquid = new Liquid({
    ...options,
    strictFilters: true,
    strictVariables: true,
    lenientIf: true,
    ownPropertyOnly: true,
    relativeReference: false,
    parseLimit: TEMPLATE_LENGTH_MAX,
    cache: true, // parsed once, not once a recipient
  });
  const locale = (context: { getSync(path: string[]): unknown }): string =>
    String(context.getSync(["locale"]));
  liquid.registerFilter("money", function (cents: unknown, currency: unknown) {
    if (typeof currency !== "string" || !/^[A-Z]{3}$/.test(currency))
      throw new TypeError(`currency ${JSON.stringify(currency)}: want three letters, like COP`);
    return formatMoney(cents, currency, locale(this.context));
  });
  liquid.registerFilter("number", function (value: unknown) {
    return formatNumber(value, locale(this.context));
  });
  liquid.registerFilter("day", function (value: unknown) {
    return formatDate(value, locale(this.context));
  });
  liquid.registerFilter("total", (rows: unknown, column: unknown) =>
    sumExact(columnOf(rows, String(column))),
  );
  return liquid;
}

/** Without promises: there is nothing to wait for, and each value of each row would have one. */
function renderFile(
  liquid: Liquid,
  file: string,
  { name, globals }: { name: string; globals: TemplateScope & { words: Words[string] } },
): string {
  try {
    const rendered: unknown = liquid.renderFileSync(file, globals);
    return String(rendered);
  } catch (cause) {
    const said = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause);
    throw new TemplateError(`template ${name}, ${file}: ${said}`, { cause });
  }
}

function columnOf(rows: unknown, column: string): unknown[] {
  if (!Array.isArray(rows)) throw new TypeError(`total of ${JSON.stringify(rows)}: want rows`);
  return rows.map((row: Readonly<Record<string, unknown>>) => row[column]);
}

async function readWords(folder: string, name: string): Promise<Words> {
  const text = await readFile(path.join(folder, "words.json"), "utf8").catch(() => "{}");
  try {
    return parseWords(JSON.parse(text));
  } catch (cause) {
    throw new TemplateError(`template ${name}, words.json: ${String(cause)}`, { cause });
  }
}

function parseWords(value: unknown): Words {
  const isRecord = (one: unknown): one is Readonly<Record<string, unknown>> =>
    typeof one === "object" && one !== null && !Array.isArray(one);
  const isText = (one: unknown): boolean => typeof one === "string";
  const whole =
    isRecord(value) &&
    Object.values(value).every((one) => isRecord(one) && Object.values(one).every(isText));
  if (!whole) throw new TypeError("want texts by name by language");
  return value as Words; // every language and text of it was looked at
}

/** Of "es-CO" the words of es-CO, else of es, else of en, else none. */
function wordsOf(words: Words, locale: string): Words[string] {
  return words[locale] ?? words[locale.split("-")[0] ?? ""] ?? words["en"] ?? {};
}
