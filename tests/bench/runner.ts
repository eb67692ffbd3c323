// The bench's runner: kind bench.noop through libs/runner, as a process of its own with just its bus user. It notes
// when each assignment came and when its report was handed to the bus, and tells its parent on request.
import { callRunner, kindConfig, startRunner } from "@chasqui/runner";
import { connectBus } from "@chasqui/bus";
import { createGrpcClient, createLogger, noTelemetry, readEnvironmentFile } from "@chasqui/chassis";
import { RunService } from "@chasqui/contracts";

const env = process.env;
const log = createLogger({ service: "bench-runner", env });
const installation = await readEnvironmentFile(env["CHASQUI_ENVIRONMENT_FILE"] ?? "");
const bus = await connectBus({
  url: env["CHASQUI_NATS_URL"] ?? "",
  user: "bench-runner",
  password: env["CHASQUI_NATS_PASSWORD"] ?? "",
  service: "bench-runner",
  installation,
  log,
});
const claims = createGrpcClient(RunService, env["CHASQUI_STATE_MACHINE"] ?? "");

/** Per attempt: run, task, when it came, when it was done; microseconds of one clock. */
let seen: [runId: string, taskId: string, cameUs: number, doneUs: number][] = [];
const nowUs = (): number => Math.round((performance.timeOrigin + performance.now()) * 1_000);

await startRunner({
  service: "bench-runner",
  bus,
  claims,
  log,
  telemetry: noTelemetry,
  kinds: [
    callRunner({
      ...kindConfig({}),
      kind: "bench.noop",
      description: "Does nothing, at once.",
      concurrency: 2_000,
      run: async ({ runId, taskId }) => {
        const us = nowUs();
        seen.push([runId, taskId, us, us]);
        return { state: "succeeded" };
      },
    }),
  ],
});

process.on("message", (message) => {
  if (message !== "seen") return;
  process.send?.({ seen });
  seen = [];
});
process.on("disconnect", () => process.exit(0));
process.send?.("ready");
