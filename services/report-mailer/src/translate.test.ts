// What a task says in its `with`: read whole, or refused with all that is wrong.
import { ConfigError } from "@chasqui/runner";
import { expect, test } from "vitest";
import { reportConfig } from "./translate.ts";

const right = {
  report: "daily",
  period: "2026-11-22",
  connection: "warehouse",
  recipients: { query: "select 1", key: "id" },
  data: { query: "select 2", params: { day: "2026-11-22", n: 3 } },
  template: "daily-costs",
};

test("what is left out has its default, and parameters are text", () => {
  expect(reportConfig.parseConfig(right)).toMatchObject({
    mail_connection: "mail",
    attach: [],
    subject: undefined,
    data: { params: { day: "2026-11-22", n: "3" } },
  });
});

test.each([
  [{ report: "Daily Costs" }, "`report` is"],
  [{ period: "a\nb" }, "`period` is"],
  [{ period: " " }, "`period` is"],
  [{ template: "../etc" }, "`template` is"],
  [{ attach: ["xlsx"] }, "`attach[0]` is"],
  [{ recipients: { query: "select 1", key: "a b" } }, "`recipients.key` is"],
  [{ data: { query: "select 1", params: { "a b": 1 } } }, "`data.params`"],
  [{ data: undefined }, "`data` is missing"],
  [{ recipient: 1 }, "`recipient`: no such field; did you mean `recipients`?"],
])("%j is refused", (wrong, message) => {
  const parse = () => reportConfig.parseConfig({ ...right, ...wrong });
  expect(parse).toThrow(ConfigError);
  expect(parse).toThrow(message);
});
