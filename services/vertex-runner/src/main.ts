// vertex-runner: tasks as Vertex AI jobs. See README.md.
import { runService } from "@chasqui/chassis";
import { startService } from "./service.ts";
import { settingsOf } from "./settings.ts";

await runService({ name: "vertex-runner", settings: settingsOf, start: startService });
