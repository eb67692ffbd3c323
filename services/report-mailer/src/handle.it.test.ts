// The main job's report on a real PostgreSQL and a real mail catcher: who gets what, and what goes wrong.
import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { postgresWarehouse } from "./ports/postgres-warehouse.ts";
import {
  aggregate,
  DAY,
  mainJob,
  ROOT,
  testMailer,
  type TestMailer,
} from "./testing/test-mailer.ts";

let t: TestMailer;
beforeAll(async () => {
  t = await testMailer({ canLookUp: false });
  const { code, lines } = await aggregate(t.warehouseUrl);
  if (code !== 0) throw new Error(lines);
});
afterAll(async () => await t[Symbol.asyncDispose]());

beforeEach(async () => {
  await fetch(`${t.smtp.url}/api/mails`, { method: "DELETE" });
  await t.smtp.fault({ mode: "up" });
  await t.database.sql`truncate delivery`;
  t.lines.length = 0;
});

const few = (sql: string, data = "select * from (values ('a', 1), ('b', 2)) d (id, n)") => ({
  ...mainJob,
  report: "few",
  period: DAY,
  template: "daily-costs",
  subject: "few",
  attach: [],
  recipients: { query: sql, key: "id" },
  data: {
    query: data.replace(
      " from ",
      ", 'R-1' route, 'C' city, 'd' delivery_id, 1 parcels, 5 cost_cents from ",
    ),
  },
});
const people = (...addresses: string[]): string =>
  `select * from (values ${addresses.map((to, i) => `('${"abc".charAt(i)}', 'Ana', '${to}')`).join(", ")}) r (id, name, email)`;

/** The sample read by other code: sums of cents by carrier. */
async function expectedSums(): Promise<Map<string, bigint>> {
  const file = path.join(ROOT, "dags/carrier-daily-costs/sample/deliveries.csv");
  const [, ...lines] = (await readFile(file, "utf8")).trim().split("\n");
  const sums = new Map<string, bigint>();
  for (const line of lines) {
    const cells = line.split(",");
    const carrier = cells[1] ?? "";
    sums.set(carrier, (sums.get(carrier) ?? 0n) + BigInt(cells[5] ?? ""));
  }
  return sums;
}

describe("the main job", () => {
  test("mails ten carriers what their deliveries cost, and names the two without routes", async () => {
    const outcome = await t.send(mainJob);
    const reason = `no routes in ${DAY}`;
    expect(outcome).toEqual({
      state: "succeeded",
      output: {
        report: "carrier-daily-costs",
        period: DAY,
        total: 12,
        sent: 10,
        already_sent: 0,
        left_out: [
          { key: "amazonas-rios", reason },
          { key: "guajira-sol", reason },
        ],
        failed: [],
        unconfirmed: [],
        not_listed: 0,
      },
    });
    expect(t.lines).toContain("carrier-daily-costs 2026-11-22: 10 of 12 due");
    expect(t.lines).toContain("el-condor pagos@elcondor.example sent");
    expect(t.lines).toContain(`guajira-sol left_out: ${reason}`);
    expect(t.lines.at(-1)).toBe("10 sent, 2 left out, 0 failed, 0 unconfirmed of 12");
    const sums = await expectedSums();
    const attached = new Map<string, bigint>();
    for (const { id } of t.smtp.mails()) {
      const response = await fetch(`${t.smtp.url}/api/mails/${id}/attachments/0`);
      const [, ...lines] = (await response.text()).trim().split("\r\n");
      for (const line of lines) {
        const cells = line.split(",");
        const carrier = cells[0] ?? "";
        attached.set(carrier, (attached.get(carrier) ?? 0n) + BigInt(cells.at(-1) ?? ""));
      }
    }
    expect(attached).toEqual(sums);
  });

  test("a mail says who, how much and in which run, in the recipient's language", async () => {
    await t.send(mainJob);
    const [mail] = t.smtp.mails().filter(({ to }) => to.includes("pagos@elcondor.example"));
    const whole = t.smtp.mail(mail?.id ?? "");
    expect(whole?.subject.replace(/\s/gu, " ")).toMatch(
      /^\[local\] Costos del 22 de noviembre de 2026: \$ [\d.]+,\d\d$/,
    );
    expect(whole?.html).toContain("Fletes &amp; Mudanzas");
    expect(whole?.messageId).toMatch(/^<mail-[0-9a-z]{26}@chasqui\.example>$/);
    expect(whole?.headers).toMatchObject({
      "auto-submitted": "auto-generated",
      "x-chasqui-run": "run-1",
    });
    const english = t.smtp.mails().find(({ to }) => to.includes("billing@caribefreight.example"));
    expect(english?.subject).toMatch(/^\[local\] Costs of November 22, 2026: COP/);
  });

  test("asked again, by the same run or another, it sends nothing", async () => {
    await t.send(mainJob);
    const again = await t.send(mainJob, { attempt: 2 });
    expect(again).toMatchObject({ output: { sent: 10, already_sent: 0 } });
    const other = await t.send(mainJob, { runId: "run-2", attempt: 1, attemptId: "att-9" });
    expect(other).toMatchObject({ state: "succeeded", output: { sent: 10, already_sent: 10 } });
    expect(t.smtp.mails()).toHaveLength(10);
  });

  test("two replicas at once send one mail each", async () => {
    const outcomes = await Promise.all([
      t.send(mainJob),
      t.send(mainJob, { runId: "run-2", attemptId: "att-9" }),
    ]);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ output: { sent: 10 } });
    expect(t.smtp.mails()).toHaveLength(10);
  });
});

describe("the mail server", () => {
  test("a refused recipient is its own trouble, and is not tried again by this run", async () => {
    const config = few(people("perm@x.example", "b@x.example"));
    expect(await t.send(config)).toMatchObject({
      state: "succeeded",
      output: { sent: 1, failed: [{ key: "a", reason: expect.stringContaining("no such user") }] },
    });
    expect(await t.send(config, { attempt: 2 })).toMatchObject({ output: { sent: 1 } });
    expect(t.lines.filter((line) => line.startsWith("a perm@x.example failed"))).toHaveLength(2);
    const corrected = few(people("a@x.example", "b@x.example"));
    expect(await t.send(corrected, { attempt: 3 })).toMatchObject({
      output: { sent: 2, failed: [] },
    });
    expect(t.smtp.mails().map((mail) => mail.envelope.to[0])).toEqual([
      "b@x.example",
      "a@x.example",
    ]);
  });

  test("a recipient that shall come later fails the attempt, and the next sends the rest", async () => {
    const config = few(people("temp-1@x.example", "b@x.example"));
    expect(await t.send(config)).toMatchObject({
      state: "failed",
      failure: {
        class: "upstream",
        permanent: false,
        message: expect.stringContaining("1 of 2 mails sent, 1 wait for the next attempt"),
        evidence: { response_code: 451, output: { sent: 1 } },
      },
    });
    expect(await t.send(config, { attempt: 2 })).toMatchObject({ output: { sent: 2 } });
    expect(t.smtp.mails()).toHaveLength(2);
  });

  test("a server that is away fails the attempt with evidence; when it is back, all are sent", async () => {
    await t.smtp.fault({ mode: "down" });
    expect(await t.send(mainJob)).toMatchObject({
      state: "failed",
      failure: {
        class: "upstream",
        message: expect.stringMatching(/ECONNREFUSED.*0 of 10 mails sent, 10 wait/),
        evidence: { code: "ESOCKET" },
      },
    });
    await t.smtp.fault({ mode: "up" });
    expect(await t.send(mainJob, { attempt: 2 })).toMatchObject({ output: { sent: 10 } });
    expect(t.smtp.mails()).toHaveLength(10);
  });

  test("all refused for good fails for good", async () => {
    expect(await t.send(few(people("perm@x.example", "perm-2@x.example")))).toMatchObject({
      state: "failed",
      failure: { class: "upstream", permanent: true },
    });
  });

  test("a cancelled attempt lets mails on their way arrive, and begins no other", async () => {
    const cancel = new AbortController();
    const { mailer } = t.ports;
    const cancelling: typeof mailer = async (connection) => {
      const inner = await mailer(connection);
      return {
        close: () => inner.close(),
        send(mail, options) {
          cancel.abort(new Error("cancelled"));
          return inner.send(mail, options);
        },
      };
    };
    const other = { signal: cancel.signal, mailer: cancelling, sendsMax: 1 };
    expect(await t.send(mainJob, {}, other)).toEqual({ state: "cancelled" });
    expect(t.smtp.mails()).toHaveLength(1);
    const states = await t.database.sql`select state from delivery where state <> 'left_out'`;
    expect(states.map(({ state }) => String(state))).toEqual(["sent"]);
    expect(await t.send(mainJob, { attempt: 2 })).toMatchObject({ output: { sent: 10 } });
    expect(t.smtp.mails()).toHaveLength(10);
  });

  test("a ledger that is away ends the attempt, and no mail is sent without a claim", async () => {
    const ledger: typeof t.ports.ledger = (about) => {
      const inner = t.ports.ledger(about);
      let puts = 0;
      return {
        load: (keys) => inner.load(keys),
        put(key, next) {
          puts += 1;
          return puts > 4 ? Promise.reject(new Error("away")) : inner.put(key, next);
        },
      };
    };
    await expect(t.send(mainJob, {}, { ledger })).rejects.toThrow("away");
    const rows = await t.database.sql<{ message_id: string }[]>`
      select message_id from delivery where message_id is not null`;
    const claimed = rows.map((row) => row.message_id);
    for (const { messageId } of t.smtp.mails()) expect(claimed).toContain(messageId);
  });

  test("a lost answer is a doubt that is shown and never sent again", async () => {
    await t.smtp.fault({ mode: "drop-after-data", times: 1 });
    const config = few(people("a@x.example"));
    const first = await t.send(config, {}, { leaseMs: 3_000 });
    expect(first).toMatchObject({
      state: "succeeded",
      output: { sent: 0, unconfirmed: [{ key: "a", reason: expect.stringContaining("closed") }] },
    });
    expect(await t.send(config, { attempt: 2 })).toMatchObject({ output: { sent: 0 } });
    expect(t.smtp.mails()).toHaveLength(1);
  });
});

describe("before anything is sent", () => {
  const failure = async (config: unknown, statementMsMax = 10_000): Promise<unknown> => {
    try {
      const warehouse = () => postgresWarehouse(t.warehouseUrl, { statementMsMax });
      return await t.send(config, {}, { warehouse });
    } catch (error) {
      expect(t.smtp.mails()).toEqual([]);
      return error instanceof Error && "failure" in error ? error.failure : error;
    }
  };
  const withData = (query: string, params = {}) => ({ ...mainJob, data: { query, params } });

  test.each([
    ["select 1\nfrom nowhere", { sqlstate: "42P01", line: 2, column: 6 }],
    ["select carrier_id,, cost from delivery", { sqlstate: "42601", line: 1, column: 19 }],
    ["delete from delivery returning *", { sqlstate: "25006" }],
    ["select pg_sleep(20), 'x' carrier_id", { sqlstate: "57014" }],
  ])("%s", async (query, evidence) => {
    const isTimeout = evidence.sqlstate === "57014";
    expect(await failure(withData(query), isTimeout ? 300 : 10_000)).toMatchObject({
      class: isTimeout ? "timeout" : "config",
      message: expect.stringMatching(/^data\.query/),
      evidence: { query: "data.query", ...evidence },
    });
  });

  test("a placed error names line, column and SQLSTATE", async () => {
    expect(
      await failure(withData("select :day::date,\n  carrier from delivery", { day: DAY })),
    ).toMatchObject({
      class: "config",
      permanent: true,
      message: 'data.query:2:3: column "carrier" does not exist (SQLSTATE 42703)',
    });
  });

  test("parameters, statements and keys are checked", async () => {
    expect(await failure(withData("select :dya", { day: DAY }))).toMatchObject({
      message: "data.query:1:8: parameter :dya has no value: given are day",
    });
    expect(await failure(withData("select 1; drop table delivery"))).toMatchObject({
      message: "data.query:1:11: a query is one statement, and something follows its semicolon",
    });
    expect(await failure(withData("select 1 n"))).toMatchObject({
      message: expect.stringContaining("no column carrier_id, only n"),
    });
  });

  test("rows are bounded", async () => {
    const query = "select n::text carrier_id from generate_series(1, 20000) n";
    expect(await failure(withData(query))).toMatchObject({
      class: "config",
      message: "data.query answers more than 10000 rows: want fewer",
    });
  });

  test("a warehouse that is away is its own failure, a wrong password ours", async () => {
    const at = (url: string) => async (): Promise<unknown> => {
      const warehouse = () => postgresWarehouse(url, { statementMsMax: 10_000 });
      return await t.send(mainJob, {}, { warehouse }).catch((error: unknown) => error);
    };
    const away = new URL(t.warehouseUrl);
    away.port = "1";
    expect(await at(away.href)()).toMatchObject({
      failure: { class: "upstream", permanent: false, evidence: { code: "ECONNREFUSED" } },
    });
    const absent = new URL(t.warehouseUrl);
    absent.pathname = "/nowhere";
    expect(await at(absent.href)()).toMatchObject({
      failure: { class: "config", permanent: true, evidence: { code: "3D000" } },
    });
  });

  test("a missing template names those that exist", async () => {
    expect(await failure({ ...mainJob, template: "weekly" })).toMatchObject({
      class: "config",
      permanent: true,
      message: 'template "weekly" does not exist: there are daily-costs',
    });
  });

  test("a template that fails for the last recipient sends to nobody", async () => {
    const data = "select * from (values ('a', 1), ('b', 2)) d (id, n)";
    const config = few(people("a@x.example", "b@x.example"), data);
    config.data.query = config.data.query.replace(
      "5 cost_cents",
      "case n when 2 then 0.5 else 1 end cost_cents",
    );
    expect(await failure(config)).toMatchObject({
      class: "config",
      message: expect.stringContaining("an amount in cents"),
    });
  });
});

test("the day is loaded anew with the same rows, and a bad day is refused", async () => {
  const again = await aggregate(t.warehouseUrl);
  expect(again.lines).toContain("365 rows are replaced");
  expect(again.output).toMatchObject({ day: DAY, carriers: 10, deliveries: 365 });
  expect(await aggregate(t.warehouseUrl, "22.11.2026")).toMatchObject({
    code: 1,
    lines: expect.stringContaining('DAY is "22.11.2026": want YYYY-MM-DD'),
  });
});
