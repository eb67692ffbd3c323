// sensor-runner: tasks that wait for the outside. See README.md.
import { runService } from "@chasqui/chassis";
import { startService } from "./service.ts";
import { settingsOf } from "./settings.ts";

await runService({ name: "sensor-runner", settings: settingsOf, start: startService });
