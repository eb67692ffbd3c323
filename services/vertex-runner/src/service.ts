// The parts of vertex-runner, in start order. Nothing is stored here: the jobs' labels are the database.
import { connectBus } from "@chasqui/bus";
import { createGrpcClient, readEnvironmentFile } from "@chasqui/chassis";
import type { Life } from "@chasqui/chassis";
import { RunService, kindDurable } from "@chasqui/contracts";
import { jobRunner, startRunner } from "@chasqui/runner";
import { KIND, jobKind } from "./job-kind.ts";
import { googleVertex } from "./ports/google-vertex.ts";
import { placesOf } from "./ports/places.ts";
import type { Settings } from "./settings.ts";

export async function startService(life: Life<Settings>): Promise<void> {
  const { settings, log, telemetry } = life;
  const installation = await readEnvironmentFile(settings.environmentFile);
  const vertex = googleVertex(placesOf(installation, process.env));
  await life.up({ name: "vertex", stop: () => vertex.close() });
  const bus = await connectBus({
    url: settings.natsUrl,
    user: settings.natsUser,
    password: settings.natsPassword,
    service: life.name,
    installation,
    log,
  });
  await life.up({ name: "bus", stop: () => bus.drain() });
  await bus.checkTopology({
    durables: [kindDurable(KIND)],
    streams: ["CHASQUI_TASKS", "CHASQUI_INBOX", "CHASQUI_LOGS"],
  });
  const claims = createGrpcClient(RunService, settings.stateMachine, {
    principal: `service:${life.name}`,
  });
  await life.up({ name: "state machine", stop: async () => claims.close() });
  const kind = jobKind({
    vertex,
    log,
    now: Date.now,
    environment: settings.environment,
    concurrency: settings.submits,
    unseenMs: settings.unseenMs,
    poll: { delayMs: settings.pollMs, delayMsMax: settings.pollMsMax },
  });
  const kinds = [jobRunner(kind)];
  const runner = await startRunner({ service: life.name, kinds, bus, claims, telemetry, log });
  await life.up(runner);
  const places = vertex.places.map(({ project, location }) => `${project}/${location}`);
  life.status(() => ({ places, in_flight: runner.inFlight() }));
}
