// The console's process: the one door for people and programs. See README.md.
import { runService } from "@chasqui/chassis";
import { startConsole } from "./service.ts";
import { readSettings } from "./settings.ts";

await runService({ name: "console", settings: readSettings, start: startConsole });
