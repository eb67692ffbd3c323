// A runner in a process with the chassis' life: its bus, its claims and its kinds, up in the order of need.
import { connectBus } from "@chasqui/bus";
import {
  address,
  answerConnectionTests,
  busSettings,
  createGrpcClient,
  processSettings,
} from "@chasqui/chassis";
import type { EnvironmentFile, Life, SettingsOf, TryConnection } from "@chasqui/chassis";
import { RunService, kindDurable } from "@chasqui/contracts";
import type { Installation } from "@chasqui/contracts";
import type { Runner } from "./kinds.ts";
import { startRunner } from "./start-runner.ts";
import type { RunningRunner } from "./start-runner.ts";

/** What a runner's process is told by its environment; a service's settings.ts spreads it. */
export const runnerSettings = {
  ...processSettings,
  ...busSettings,
  /** gRPC of the state machine, or of the console, which forwards to it. */
  stateMachine: address("CHASQUI_STATE_MACHINE"),
} as const;
export type RunnerSettings = SettingsOf<typeof runnerSettings>;

export interface RunnerParts {
  readonly installation: Installation;
  readonly kinds: readonly Runner[];
  readonly tests?: ConnectionTests;
}

/** The connections that a runner resolves, and how each type of them is tried when the console asks. */
export interface ConnectionTests {
  readonly environment: EnvironmentFile;
  readonly tries: Readonly<Record<string, TryConnection>>;
}

/** Refuses an installation that does not know these kinds, with what to do; waits for streams that are not there yet. */
export async function bringUpRunner(
  life: Life<RunnerSettings>,
  { installation, kinds, tests }: RunnerParts,
): Promise<RunningRunner> {
  const { name: service, settings, log, telemetry } = life;
  const { natsUrl: url, natsUser: user, natsPassword: password } = settings;
  const bus = await connectBus({ url, user, password, service, installation, log });
  await life.up({ name: "bus", stop: () => bus.drain() });
  await bus.ensureTopology(
    {
      durables: kinds.map(({ kind }) => kindDurable(kind.kind)),
      streams: ["CHASQUI_TASKS", "CHASQUI_INBOX", "CHASQUI_LOGS"],
      buckets: ["CHASQUI_KINDS"],
    },
    life,
  );
  const principal = `service:${service}`;
  const claims = createGrpcClient(RunService, settings.stateMachine, { principal });
  await life.up({ name: "state machine", stop: async () => claims.close() });
  const runner = await life.up(startRunner({ service, kinds, bus, claims, telemetry, log }));
  if (tests !== undefined) await life.up(answerConnectionTests({ service, bus, ...tests }));
  life.status(() => ({ bus: bus.state, in_flight: runner.inFlight() }));
  return runner;
}
