// report-mailer: report mails, one per recipient and period. See README.md.
import { runService } from "@chasqui/chassis";
import { startReportMailer } from "./service.ts";
import { readSettings } from "./settings.ts";

await runService({ name: "report-mailer", settings: readSettings, start: startReportMailer });
