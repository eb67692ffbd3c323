// What `npm start` can be told: flags after `--`, and environment variables for ports and data.
import { statSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import type { WorldPorts } from "@chasqui/sandbox";

export interface StartArguments {
  readonly exit: boolean;
  readonly dataDir: string;
  readonly dagsDir: string;
  readonly ports: Partial<WorldPorts>;
}

const HELP = `npm start [-- --exit] [-- --data <folder>] [-- --dags <folder>]

Starts Chasqui on this machine and runs the main job on sample data.

  --exit           end after the main job: 0 when it succeeded
  --data <folder>  where data is kept (default .chasqui/local)
  --dags <folder>  DAG files to apply and to watch (default dags)

Ports, 0 for any free one:
  CHASQUI_CONSOLE_PORT (8700)  CHASQUI_CONSOLE_GRPC_PORT (8701)  CHASQUI_MAIL_PORT (8702)
  CHASQUI_SLACK_PORT (8703)    CHASQUI_TRACES_PORT (8704)        CHASQUI_NATS_PORT (any)
  CHASQUI_POSTGRES_PORT (any)  CHASQUI_KUBERNETES_PORT (any)     CHASQUI_BUCKETS_PORT (any)
`;

const settings = {
  console: ["CHASQUI_CONSOLE_PORT", 8700],
  grpc: ["CHASQUI_CONSOLE_GRPC_PORT", 8701],
  mail: ["CHASQUI_MAIL_PORT", 8702],
  slack: ["CHASQUI_SLACK_PORT", 8703],
  traces: ["CHASQUI_TRACES_PORT", 8704],
  nats: ["CHASQUI_NATS_PORT", 0],
  postgres: ["CHASQUI_POSTGRES_PORT", 0],
  kubernetes: ["CHASQUI_KUBERNETES_PORT", 0],
  buckets: ["CHASQUI_BUCKETS_PORT", 0],
} as const satisfies Record<keyof WorldPorts, readonly [string, number]>;

export function readArguments(argv: readonly string[], env: NodeJS.ProcessEnv): StartArguments {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      exit: { type: "boolean", default: false },
      data: { type: "string" },
      dags: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  const ports = Object.fromEntries(
    Object.entries(settings).map(([name, [variable, byDefault]]) => [
      name,
      portOf(variable, env[variable], byDefault),
    ]),
  );
  const dataDir = path.resolve(
    values.data ?? path.join(import.meta.dirname, "../../.chasqui/local"),
  );
  const dagsDir = folderOf("--dags", values.dags ?? path.join(import.meta.dirname, "../../dags"));
  return { exit: values.exit, dataDir, dagsDir, ports };
}

/** Said before anything is started: it is watched from the first apply on. */
function folderOf(flag: string, text: string): string {
  const folder = path.resolve(text);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return folder;
  throw new Error(`${flag} is ${JSON.stringify(text)}: want a folder that is there (${folder})`);
}

function portOf(variable: string, text: string | undefined, byDefault: number): number {
  if (text === undefined || text === "") return byDefault;
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new Error(`${variable} is ${JSON.stringify(text)}: want a port from 0 to 65535`);
  return Number(text);
}
