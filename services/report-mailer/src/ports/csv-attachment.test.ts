// The CSV that carriers open in a spreadsheet.
import { expect, test } from "vitest";
import { csvAttachment } from "./csv-attachment.ts";

test("cells are quoted, formulas are text, the name is safe", () => {
  const attachment = csvAttachment(
    [
      { carrier_id: "a", route: 'BOG "1", sur', cost_cents: "-12" },
      { carrier_id: "a", route: "=HYPERLINK(1)", cost_cents: null },
    ],
    { report: "costs", period: "2026-11-22", key: "../a b" },
  );
  expect(attachment.filename).toBe("costs_2026-11-22_..-a-b.csv");
  expect(attachment.content).toBe(
    "\ufeffcarrier_id,route,cost_cents\r\n" +
      'a,"BOG ""1"", sur",-12\r\n' +
      "a,'=HYPERLINK(1),\r\n",
  );
});
