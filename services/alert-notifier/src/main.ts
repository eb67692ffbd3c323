// alert-notifier: alerts as living incidents in Slack. See README.md.
import { runService } from "@chasqui/chassis";
import { startAlertNotifier } from "./service.ts";
import { readSettings } from "./settings.ts";

await runService({ name: "alert-notifier", settings: readSettings, start: startAlertNotifier });
