// docs/environments.md against the registry of connection types: the same types, fields, marks and services.
import { expect, test } from "vitest";
import { connectionTypes } from "../../libs/contracts/src/index.ts";
import type { ConnectionType } from "../../libs/contracts/src/index.ts";
import { readPage } from "./support/pages.ts";

/** Rows of the table as [type, fields, used by], without Markdown's escapes. */
const rows = readPage("docs/environments.md")
  .split("\n")
  .filter((line) => /^\| `[a-z0-9]+` /.test(line))
  .map((line) => line.split("|").map((cell) => cell.trim().replaceAll("\\", "")))
  .map(([, type = "", fields = "", usedBy = ""]) => ({ type, fields, usedBy }));

test("every type is there with its fields, what is required, what is secret, and who uses it", () => {
  const wanted = Object.entries<ConnectionType>(connectionTypes).map(([type, spec]) => {
    const groups = new Set(spec.oneOf?.flat() ?? []);
    const marks = Object.entries(spec.fields).map(([name, { required, secret }]) => {
      const marked = secret === true ? `_${name}_` : name;
      return required === true || groups.has(name) ? `**${marked}**` : marked;
    });
    return { type: `\`${type}\``, fields: marks.toSorted(), usedBy: spec.usedBy.join(", ") };
  });
  const written = rows.map(({ fields, ...row }) => ({
    ...row,
    fields: fields.split(/[,;] (?:or )?/).toSorted(),
  }));
  expect(written.toSorted((a, b) => (a.type < b.type ? -1 : 1))).toEqual(
    wanted.toSorted((a, b) => (a.type < b.type ? -1 : 1)),
  );
});
