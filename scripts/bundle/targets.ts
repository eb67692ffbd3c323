// What is bundled: every service, the CLI and the sandbox, as far as they exist.
import { readdirSync, existsSync } from "node:fs";
import path from "node:path";

export interface Target {
  readonly name: string;
  /** Where Node's program begins. */
  readonly entry: string;
  /** Where the browser's begins, for a service with a web front. */
  readonly web: string | undefined;
  /** Folders of data that the program reads while it runs, copied next to it. */
  readonly assets: readonly string[];
}

const ASSET_FOLDERS = ["drizzle", "templates", "web-dist"];

export function targetsIn(root: string): Target[] {
  const services = readdirSync(path.join(root, "services"), { withFileTypes: true })
    .filter((folder) => folder.isDirectory())
    .map((folder) => targetOf(root, folder.name, `services/${folder.name}`));
  const others = [targetOf(root, "chasqui", "libs/cli"), targetOf(root, "sandbox", "libs/sandbox")];
  return [...services, ...others].filter(({ entry }) => existsSync(entry));
}

function targetOf(root: string, name: string, folder: string): Target {
  const at = (...parts: string[]): string => path.join(root, folder, ...parts);
  return {
    name,
    entry: at("src/main.ts"),
    web: existsSync(at("web/main.tsx")) ? at("web/main.tsx") : undefined,
    assets: ASSET_FOLDERS.map((asset) => at(asset)).filter((asset) => existsSync(asset)),
  };
}
