// Templates: what the shipped one says, and what happens to bad ones.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { liquidTemplates } from "./liquid-templates.ts";
import type { TemplateScope } from "./templates.ts";

const shipped = liquidTemplates(path.join(import.meta.dirname, "../../templates"));

const scope: TemplateScope = {
  report: "carrier-daily-costs",
  period: "2026-11-22",
  environment: "prod",
  run: { id: "run-1", dag_id: "carrier-daily-costs" },
  locale: "es-CO",
  recipient: { carrier_id: "el-condor", name: 'Fletes & Mudanzas "El Cóndor"' },
  rows: [
    {
      delivery_id: "d-1",
      route: "BOG-01",
      city: "<b>Bogotá</b>",
      parcels: 1200,
      cost_cents: "12345",
    },
    { delivery_id: "d-2", route: "CLO-07", city: "Cali", parcels: 3, cost_cents: "900000055" },
  ],
};

const plain = (text: string): string => text.replace(/[^\S\n]/gu, " ");

describe("daily-costs", () => {
  test("in es-CO", async () => {
    const mail = await (await shipped.load("daily-costs")).render(scope);
    expect(plain(mail.subject)).toBe("Costos del 22 de noviembre de 2026: $ 9.000.124,00");
    expect(plain(mail.text)).toMatchInlineSnapshot(`
      "Hola, Fletes & Mudanzas "El Cóndor":

      Estos son los costos de sus entregas del 22 de noviembre de 2026.

      BOG-01  <b>Bogotá</b>  d-1  Paquetes: 1.200  $ 123,45
      CLO-07  Cali  d-2  Paquetes: 3  $ 9.000.000,55

      Total (2 entregas): $ 9.000.124,00

      El detalle va adjunto como archivo CSV.

      Recibe este correo porque tuvo entregas ese día. Referencia: carrier-daily-costs 2026-11-22, run-1
      "
    `);
    expect(plain(mail.html)).toContain("Fletes &amp; Mudanzas &#34;El Cóndor&#34;");
    expect(mail.html).toContain("&lt;b&gt;Bogotá&lt;/b&gt;");
    expect(mail.html).not.toContain("<b>Bogotá");
    expect(plain(mail.html)).toContain("$ 9.000.000,55</td>");
  });

  test("in English, and an environment that is not prod says so", async () => {
    const template = await shipped.load("daily-costs");
    const mail = await template.render({ ...scope, locale: "en", environment: "dev" });
    expect(plain(mail.subject)).toBe("[dev] Costs of November 22, 2026: COP 9,000,124.00");
    expect(plain(mail.text)).toContain("Parcels: 1,200  COP 123.45");
  });

  test("an amount that is none is told with its place", async () => {
    const template = await shipped.load("daily-costs");
    const rows = [{ ...scope.rows[0], cost_cents: "12.5" }];
    await expect(template.render({ ...scope, rows })).rejects.toThrow(
      'template daily-costs, subject.liquid: an amount in cents is "12.5": want a whole number',
    );
  });
});

describe("bad templates", () => {
  let root = "";
  beforeAll(async () => {
    root = await mkdtemp(path.join(tmpdir(), "chasqui-templates-"));
    const write = async (name: string, files: Record<string, string>): Promise<void> => {
      await mkdir(path.join(root, name));
      for (const [file, text] of Object.entries(files))
        await writeFile(path.join(root, name, file), text);
    };
    const whole = { "subject.liquid": "s", "text.liquid": "t", "html.liquid": "h" };
    await write("half", { "subject.liquid": "s" });
    await write("typo", { ...whole, "html.liquid": "a\n  {{ recipent.name }}" });
    await write("filter", { ...whole, "text.liquid": "{{ period | dya }}" });
    await write("empty", { ...whole, "subject.liquid": "{{ recipient.none }} \r\n" });
    await write("injection", { ...whole, "subject.liquid": "{{ recipient.name }}" });
    await write("outside", { ...whole, "html.liquid": "{% include '../half/subject.liquid' %}" });
    await write("words", { ...whole, "words.json": '{"es": "hola"}' });
    await write("endless", {
      ...whole,
      "text.liquid":
        "{% for i in (1..100000) %}{% for j in (1..100000) %}x{% endfor %}{% endfor %}",
    });
  });
  afterAll(async () => await rm(root, { recursive: true }));

  const rendered = async (name: string, recipient: TemplateScope["recipient"] = {}) =>
    await (
      await liquidTemplates(root, { renderMsMax: 100 }).load(name)
    ).render({ ...scope, recipient });

  test.each([
    ["nope", 'template "nope" does not exist: there are empty, endless, filter, half,'],
    ["../templates", 'template "../templates" does not exist'],
    ["half", "template half has no html.liquid, no text.liquid: want all three"],
    ["typo", "template typo, html.liquid: undefined variable: recipent, line:2, col:6"],
    ["filter", "template filter, text.liquid: undefined filter: dya"],
    ["empty", "template empty, subject.liquid: undefined variable: recipient.none"],
    ["outside", "template outside, html.liquid: ENOENT"],
    ["words", "template words, words.json: TypeError: want texts by name by language"],
  ])("%s", async (name, message) => {
    await expect(rendered(name)).rejects.toThrow(message);
  });

  test("a subject stays one line, whatever a recipient is called", async () => {
    const mail = await rendered("injection", { name: "Ana\r\nBcc: evil@example.com" });
    expect(mail.subject).toBe("Ana Bcc: evil@example.com");
    await expect(rendered("injection", { name: "\r\n" })).rejects.toThrow("gives an empty subject");
  });

  test("a template without end is broken off", async () => {
    await expect(rendered("endless")).rejects.toThrow(/template endless, text.liquid: .*limit/);
  });
});
