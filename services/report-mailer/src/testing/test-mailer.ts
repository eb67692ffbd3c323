// For integration tests: a report-mailer's ports on a real PostgreSQL and the sandbox's mail catcher, with the main
// job's warehouse filled by the main job's own first task.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openDatabase, type Database } from "@chasqui/chassis";
import type { Attempt, Outcome } from "@chasqui/runner";
import { startSmtp, type SmtpStandIn } from "@chasqui/sandbox";
import { migrated, temporaryFolder, TestPostgres } from "../../../../tests/support/index.ts";
import type { MailConnection } from "../connections.ts";
import { sendReport, type ReportPorts } from "../handle.ts";
import { liquidTemplates } from "../ports/liquid-templates.ts";
import { lookUpMailAt } from "../ports/look-up-mail.ts";
import { postgresWarehouse } from "../ports/postgres-warehouse.ts";
import { smtpMailer } from "../ports/smtp-mail.ts";
import { postgresLedger } from "../store/ledger.ts";
import { reportConfig, type ReportConfig } from "../translate.ts";

export const ROOT = path.resolve(import.meta.dirname, "../../../..");
export const DAY = "2026-11-22";

export const mainJob = {
  report: "carrier-daily-costs",
  period: DAY,
  connection: "warehouse",
  recipients: {
    query: "select carrier_id, name, email, locale, active from carrier order by carrier_id",
    key: "carrier_id",
  },
  data: {
    query:
      "select carrier_id, delivery_id, route, city, parcels, cost_cents\nfrom delivery where day = :day order by route, delivery_id",
    params: { day: DAY },
  },
  template: "daily-costs",
  attach: ["csv"],
};

export type About = Partial<Pick<Attempt, "attempt" | "attemptId" | "runId">>;

export interface TestMailer extends AsyncDisposable {
  readonly smtp: SmtpStandIn;
  readonly database: Database;
  readonly warehouseUrl: string;
  /** The attempt's log lines so far. */
  readonly lines: string[];
  readonly ports: ReportPorts;
  readonly connection: MailConnection;
  send(
    config: unknown,
    about?: About,
    other?: Partial<ReportPorts> & { readonly signal?: AbortSignal },
  ): Promise<Outcome>;
}

export async function testMailer(
  options: { readonly canLookUp?: boolean } = {},
): Promise<TestMailer> {
  const stack = new AsyncDisposableStack();
  const smtp = stack.use(await startSmtp({ port: 0, httpPort: 0 }));
  const store = stack.use(await TestPostgres.database({ template: migrated("report-mailer") }));
  const warehouse = stack.use(await TestPostgres.database());
  const database = openDatabase(store.url, { connectionsMax: 6, applicationName: "mailer test" });
  stack.defer(() => database.end());
  const connection: MailConnection = {
    host: "127.0.0.1",
    port: smtp.port,
    from: "Chasqui <reports@chasqui.example>",
    domain: "chasqui.example",
    user: undefined,
    password: undefined,
    tls: "opportunistic",
    lookUpUrl: options.canLookUp === true ? `${smtp.url}/api/mails` : undefined,
  };
  const ports = portsOf(database, connection, warehouse.url);
  const lines: string[] = [];
  return {
    smtp,
    database,
    warehouseUrl: warehouse.url,
    lines,
    ports,
    connection,
    send: (config, about = {}, other = {}) =>
      sendReport(
        attemptOf(reportConfig.parseConfig(config), about),
        {
          signal: other.signal ?? new AbortController().signal,
          log: (line) => void lines.push(line),
        },
        { ...ports, ...other },
      ),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function portsOf(
  database: Database,
  connection: MailConnection,
  warehouseUrl: string,
): ReportPorts {
  return {
    templates: liquidTemplates(path.join(ROOT, "services/report-mailer/templates")),
    mailConnection: () => connection,
    warehouse: () => postgresWarehouse(warehouseUrl, { statementMsMax: 5_000 }),
    limits: { recipientsMax: 1_000, rowsMax: 10_000 },
    localeDefault: "en",
    ledger: (about) => postgresLedger(database.sql, about),
    mailer: (to) => smtpMailer(to, { connectionsMax: 3 }),
    lookUp: ({ lookUpUrl }) => (lookUpUrl === undefined ? undefined : lookUpMailAt(lookUpUrl)),
    clock: realClock,
    traceMails: () => ({ headers: {}, end() {} }),
    leaseMs: 5_000, // a busy machine takes seconds for a mail
    sendsMax: 3,
    mailsPerSecondMax: 1_000,
  };
}

export const realClock: ReportPorts["clock"] = {
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) => sleep(Math.max(0, ms), undefined, { signal }).catch(() => undefined),
};

export function attemptOf(config: ReportConfig, about: About = {}): Attempt<ReportConfig> {
  const attempt = about.attempt ?? 1;
  return {
    attemptId: `att-${attempt}`,
    runId: "run-1",
    dagId: "carrier-daily-costs",
    taskId: "mail",
    mapIndex: -1,
    kind: "report.email",
    attemptsMax: 4,
    environment: "local",
    logicalTime: "2026-11-23T00:00:00Z",
    runKey: DAY,
    assignedMs: 0,
    traceparent: undefined,
    timeoutMs: undefined,
    deadlineMs: undefined,
    ...about,
    attempt,
    config,
  };
}

/** Runs the main job's first task, as its pod does. */
export async function aggregate(
  warehouseUrl: string,
  day = DAY,
): Promise<{ code: number | null; lines: string; output: unknown }> {
  await using folder = await temporaryFolder("aggregate");
  const file = path.join(folder.path, "output.json");
  const child = spawn(process.execPath, ["dags/carrier-daily-costs/aggregate.mjs"], {
    cwd: ROOT,
    env: { ...process.env, DAY: day, WAREHOUSE_URL: warehouseUrl, CHASQUI_OUTPUT: file },
  });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  const output: unknown = JSON.parse(await readFile(file, "utf8").catch(() => "null"));
  return { code: typeof code === "number" ? code : null, lines: stdout + stderr, output };
}
