// Forms as fields: what is shown, and what is said.
import { expect, test } from "vitest";
import { fieldsOf, typedOf, valueOf } from "./form-fields.ts";

const form = {
  required: ["amount"],
  properties: {
    amount: { type: "number", minimum: 1, title: "Amount", description: "in euros" },
    urgent: { type: "boolean", default: true },
    channel: { enum: ["web", 2], default: 2 },
    note: { type: "string", default: "-" },
    list: { type: "array", default: [1] },
  },
};

test("each field in the way that a browser can show it", () => {
  const fields = fieldsOf(form);
  expect(fields.map(({ title, kind, isRequired }) => [title, kind, isRequired])).toEqual([
    ["Amount", "number", true],
    ["urgent", "boolean", false],
    ["channel", "choice", false],
    ["note", "text", false],
    ["list", "json", false],
  ]);
  expect(fields.map(typedOf)).toEqual(["", true, "1", "-", "[1]"]);
});

test("what was typed is what the schema wants; what was left empty is left out", () => {
  const [amount, urgent, channel, note, list] = fieldsOf(form);
  if (!amount || !urgent || !channel || !note || !list) throw new Error("five fields");
  expect(valueOf(amount, "2.5")).toBe(2.5);
  expect(valueOf(amount, "")).toBe(undefined);
  expect(valueOf(urgent, false)).toBe(false);
  expect(valueOf(channel, "1")).toBe(2);
  expect(valueOf(note, "3")).toBe("3");
  expect(valueOf(list, "[2]")).toEqual([2]);
  expect(() => valueOf(list, "[")).toThrow("list: want JSON");
});

test.each([[undefined], [null], ["text"], [[1]], [{ properties: 3 }]])(
  "%j has no fields",
  (odd) => {
    expect(fieldsOf(odd)).toEqual([]);
  },
);
