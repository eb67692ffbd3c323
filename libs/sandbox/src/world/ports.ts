// Ports of a local installation: those that people type are fixed and can be set; the others are any free ones.
import { listen } from "../servers/free-port.ts";

/** Ports that people type. 0 means any free one. */
export interface WorldPorts {
  readonly console: number;
  readonly grpc: number;
  readonly nats: number;
  readonly postgres: number;
  readonly mail: number;
  readonly slack: number;
  readonly traces: number;
  readonly kubernetes: number;
  readonly buckets: number;
}

const typed: Readonly<Record<keyof WorldPorts, { what: string; setting: string }>> = {
  console: { what: "the console", setting: "CHASQUI_CONSOLE_PORT" },
  grpc: { what: "the console's gRPC", setting: "CHASQUI_CONSOLE_GRPC_PORT" },
  nats: { what: "nats-server", setting: "CHASQUI_NATS_PORT" },
  postgres: { what: "PostgreSQL", setting: "CHASQUI_POSTGRES_PORT" },
  mail: { what: "the mail viewer", setting: "CHASQUI_MAIL_PORT" },
  slack: { what: "the Slack viewer", setting: "CHASQUI_SLACK_PORT" },
  traces: { what: "the trace viewer", setting: "CHASQUI_TRACES_PORT" },
  kubernetes: { what: "the Kubernetes API", setting: "CHASQUI_KUBERNETES_PORT" },
  buckets: { what: "the buckets", setting: "CHASQUI_BUCKETS_PORT" },
};

/** Before anything is started: names every port that somebody has already, and what to do about it. */
export async function checkPorts(ports: Partial<WorldPorts>): Promise<void> {
  const taken: string[] = [];
  for (const [name, { what, setting }] of Object.entries(typed)) {
    const port = Object.entries(ports).find(([key]) => key === name)?.[1] ?? 0;
    if (port === 0) continue;
    await listen(port).catch((thrown: unknown) => {
      if (!(thrown instanceof Error && "code" in thrown && thrown.code === "EADDRINUSE"))
        throw thrown;
      taken.push(
        `port ${port} for ${what} is taken by another program: stop it, or set ${setting} to another port`,
      );
    });
  }
  if (taken.length > 0) throw new Error(taken.join("\n"));
}
