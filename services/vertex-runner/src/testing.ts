// The set-up of this service's tests: the stand-in of Vertex AI with Google's client on it, a bus in memory, one or
// more replicas of the runner.
import { noTelemetry } from "@chasqui/chassis";
import { AttemptState } from "@chasqui/contracts";
import type { AttemptUpdate } from "@chasqui/contracts";
import { jobRunner, startRunner } from "@chasqui/runner";
import type { RunningRunner } from "@chasqui/runner";
import { memoryBus, quietLog } from "@chasqui/runner/testing";
import type { Assign, MemoryBus } from "@chasqui/runner/testing";
import { startVertex } from "@chasqui/sandbox";
import type { VertexStandIn } from "@chasqui/sandbox";
import { KIND, jobKind } from "./job-kind.ts";
import { googleVertex } from "./ports/google-vertex.ts";
import type { Vertex } from "./ports/vertex.ts";

export const WITH = { image: "train:1", machine_type: "n1-standard-4" };

export interface Replica {
  readonly runner: RunningRunner;
  /** Stops like a process that is killed: nothing more is said. */
  kill(): Promise<void>;
}

export interface TestRunner extends AsyncDisposable {
  readonly google: VertexStandIn;
  readonly vertex: Vertex;
  readonly bus: MemoryBus;
  /** What ClaimAttempt answers. */
  wanted: () => boolean;
  /** How far the replicas' clocks are ahead. */
  laterMs: number;
  replica(): Promise<Replica>;
  /** Assigns a job whose fate is scripted: see the stand-in's job-script.ts. */
  assign(
    script: { readonly outcome?: string; readonly ms?: number },
    more?: Partial<Assign> & { readonly with?: object },
  ): Promise<string>;
  outcome(): Promise<AttemptUpdate>;
}

export async function startTestRunner(): Promise<TestRunner> {
  const google = await startVertex({ port: 0 });
  const place = { connection: "vertex", project: "p", endpoint: google.address };
  const vertex = googleVertex([
    { ...place, location: "us-central1" },
    { ...place, location: "us-east1" },
  ]);
  const bus = memoryBus();
  const replicas: Replica[] = [];
  const t: TestRunner = {
    google,
    vertex,
    bus,
    wanted: () => true,
    laterMs: 0,
    async replica() {
      const replica = await startReplica(t);
      replicas.push(replica);
      return replica;
    },
    assign({ outcome = "succeed", ms = 50 }, { with: more = {}, ...assign } = {}) {
      const labels = { "sandbox-outcome": outcome, "sandbox-ms": String(ms) };
      const config = { ...WITH, labels, ...more };
      return bus.assign({ kind: KIND, config, ...assign });
    },
    async outcome() {
      for (let count = 1; ; count++) {
        await bus.updatesStored(count);
        const update = bus.updates[count - 1];
        if (update !== undefined && update.state > AttemptState.RUNNING) return update;
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(replicas.map((replica) => replica.kill()));
      await vertex.close();
      await google.stop();
    },
  };
  return t;
}

async function startReplica(t: TestRunner): Promise<Replica> {
  const now = (): number => Date.now() + t.laterMs;
  let alive = true;
  const publish: MemoryBus["publish"] = async (messages) =>
    alive ? t.bus.publish(messages) : messages.map(() => "failed" as const);
  const kind = jobKind({
    vertex: t.vertex,
    log: quietLog,
    now,
    environment: "local",
    concurrency: 4,
    unseenMs: 200,
    poll: { delayMs: 20, delayMsMax: 100 },
  });
  const runner = await startRunner({
    service: "vertex-runner",
    kinds: [jobRunner(kind)],
    bus: { ...t.bus, publish },
    claims: { claimAttempt: async () => ({ wanted: t.wanted(), reason: "" }) },
    telemetry: noTelemetry,
    log: quietLog,
    now,
  });
  return {
    runner,
    async kill() {
      alive = false;
      await runner.stop(0);
    },
  };
}
