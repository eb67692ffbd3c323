// The sandbox as a process: settings from the environment, one JSON line with all addresses when
// it is ready, the end on SIGTERM (and, with CHASQUI_EXIT_WITH_PARENT=1, when stdin closes). No
// pod's process outlives it, whatever kills it.
import { resolve } from "node:path";
import { startSandbox } from "./sandbox.ts";
import type { Sandbox } from "./sandbox.ts";

const STOP_MS_MAX = 5_000;

function portOf(name: string): number {
  const setting = `CHASQUI_SANDBOX_${name}_PORT`;
  const text = process.env[setting] ?? "0";
  const port = Number(text);
  if (text.trim() === "" || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`${setting} ${JSON.stringify(text)}: want an integer in 0..65535`);
  }
  return port;
}

function start(): Promise<Sandbox> {
  return startSandbox({
    dataDir: resolve(process.env["CHASQUI_SANDBOX_DATA_DIR"] ?? ".chasqui/sandbox"),
    workDir: resolve(process.env["CHASQUI_SANDBOX_WORK_DIR"] ?? "."),
    ports: {
      kubernetes: portOf("K8S"),
      vertexGrpc: portOf("VERTEX_GRPC"),
      vertexHttp: portOf("VERTEX"),
      slack: portOf("SLACK"),
      smtp: portOf("SMTP"),
      mail: portOf("MAIL"),
      otlp: portOf("OTLP"),
      buckets: portOf("BUCKETS"),
    },
  });
}

function stopOnSignal(sandbox: Sandbox): void {
  let stopping = false;
  const stop = async () => {
    if (stopping) process.exit(1); // asked twice: at once
    stopping = true;
    setTimeout(() => process.exit(1), STOP_MS_MAX).unref();
    await sandbox.stop();
    process.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void stop());
  if (process.env["CHASQUI_EXIT_WITH_PARENT"] === "1") {
    process.stdin.once("end", () => void stop());
    process.stdin.on("error", () => void stop());
    process.stdin.resume(); // without a reader the end of the pipe is never seen
  }
}

async function main(): Promise<void> {
  try {
    const sandbox = await start();
    stopOnSignal(sandbox);
    console.log(JSON.stringify(sandbox.urls));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}

// Not awaited here: in a bundle, lazily loaded chunks import this module, and would wait for it.
void main();
