// k8s-runner: tasks as pods. See README.md.
import { runService } from "@chasqui/chassis";
import { startService } from "./service.ts";
import { settingsOf } from "./settings.ts";

await runService({ name: "k8s-runner", settings: settingsOf, start: startService });
