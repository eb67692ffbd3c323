// The scheduler's process: when. See README.md.
import { runService } from "@chasqui/chassis";
import { startScheduler } from "./service.ts";
import { readSettings } from "./settings.ts";

await runService({ name: "scheduler", settings: readSettings, start: startScheduler });
