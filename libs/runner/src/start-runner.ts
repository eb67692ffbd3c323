// Starts a runner: its kinds are announced, watched, cancelled, counted, and their assignments taken.
// Start order: updates → announcement → cancels → watch (jobs) → assignments. Stop order: the reverse.
// Invariant: no assignment is taken before cancels are heard, none is in hand after stop() has returned.
import { create } from "@bufbuild/protobuf";
import { KindAnnouncementSchema, kindDurable, subjects } from "@chasqui/contracts";
import { CallShell } from "./call-shell.ts";
import type { Shell } from "./call-shell.ts";
import { depsOf } from "./deps.ts";
import type { Deps } from "./deps.ts";
import { openIntake } from "./intake.ts";
import type { Intake } from "./intake.ts";
import { sayInventory } from "./inventory.ts";
import { jobReports } from "./job-reports.ts";
import { JobShell } from "./job-shell.ts";
import type { JobKind, Runner } from "./kinds.ts";
import type { Claims, RunnerBus, RunnerLog, RunnerPart, RunnerTelemetry } from "./ports.ts";
import { startSweeper } from "./sweeper.ts";
import { translateCancel } from "./translate.ts";

/** How often a runner says what it holds, and looks after it. */
export const INVENTORY_MS = 30_000;
/** Part of the stop deadline that work in hand may use; the rest is for what it says at its end. */
const WORK_SHARE = 0.8;

export interface RunnerOptions {
  /** The service's name, as people see it beside its kinds. */
  readonly service: string;
  readonly kinds: readonly Runner[];
  readonly bus: RunnerBus;
  readonly claims: Claims;
  readonly telemetry: RunnerTelemetry;
  readonly log: RunnerLog;
  readonly now?: () => number;
  readonly inventoryMs?: number;
}

export interface RunningRunner extends RunnerPart {
  /** Assignments in hand, by kind. */
  inFlight(): Record<string, number>;
  /** Looks after what is held outside now, not only every half minute. */
  sweep(): Promise<void>;
}

interface RunningKind {
  readonly kind: string;
  inFlight(): number;
  sweep(): Promise<void>;
  stop(deadlineMs: number): Promise<void>;
}

export async function startRunner(options: RunnerOptions): Promise<RunningRunner> {
  const { service, kinds, inventoryMs = INVENTORY_MS, now = Date.now } = options;
  const deps = depsOf({ ...options, now });
  const running: RunningKind[] = [];
  const stop = async (deadlineMs: number): Promise<void> => {
    await Promise.all(running.map((kind) => kind.stop(deadlineMs)));
    deps.updates.stop();
  };
  try {
    for (const runner of kinds)
      running.push(await startKind(runner, deps, { service, inventoryMs }));
  } catch (error) {
    await stop(0);
    throw error;
  }
  let stopped: Promise<void> | undefined;
  return {
    name: "runner",
    stop: (deadlineMs) => (stopped ??= stop(deadlineMs)),
    inFlight: () => Object.fromEntries(running.map(({ kind, inFlight }) => [kind, inFlight()])),
    sweep: async () => void (await Promise.all(running.map((kind) => kind.sweep()))),
  };
}

async function startKind(
  runner: Runner,
  deps: Deps,
  options: { readonly service: string; readonly inventoryMs: number },
): Promise<RunningKind> {
  const { kind, description, schema, concurrency } = runner.kind;
  await deps.bus.announceKind(
    create(KindAnnouncementSchema, { kind, schema, description, service: options.service }),
  );
  const shell =
    runner.shape === "call" ? new CallShell(runner.kind, deps) : new JobShell(runner.kind, deps);
  const cancels = deps.bus.subscribePlain(subjects.cancelsOfKind(kind), (data) => {
    const cancel = translateCancel(data);
    if (cancel !== undefined) shell.cancel(cancel.ref, cancel.reason);
  });
  const parts: RunnerPart[] = [{ name: "cancels", stop: async () => cancels.unsubscribe() }];
  const stop = async (deadlineMs: number): Promise<void> => {
    const untilMs = performance.now() + deadlineMs;
    for (const part of parts.splice(0).reverse())
      await part.stop(Math.max(0, untilMs - performance.now()));
    shell.stop();
  };
  try {
    const care =
      runner.shape === "job"
        ? await careForJobs(runner.kind, shell, deps, options)
        : countCalls(kind, shell, deps, options);
    parts.push(care);
    const intake = await openIntake({
      bus: deps.bus,
      log: deps.log,
      durable: kindDurable(kind),
      concurrency,
      handle: (delivery, signal) => shell.handle(delivery, signal),
    });
    parts.push(stopIntake(intake));
    return { kind, inFlight: () => intake.inFlight, sweep: care.sweep, stop };
  } catch (error) {
    await stop(0);
    throw error;
  }
}

const stopIntake = (intake: Intake): RunnerPart => ({
  name: "assignments",
  stop: (deadlineMs) => intake.stop(deadlineMs * WORK_SHARE),
});

interface Care extends RunnerPart {
  sweep(): Promise<void>;
}

async function careForJobs(
  kind: JobKind<unknown>,
  shell: Shell,
  deps: Deps,
  { service, inventoryMs }: { readonly service: string; readonly inventoryMs: number },
): Promise<Care> {
  const watch = await kind.watch(jobReports(kind.kind, deps));
  const submitting = (): string[] => shell.held();
  const sweeper = startSweeper(kind, deps, { service, everyMs: inventoryMs, submitting });
  return {
    name: "jobs",
    sweep: () => sweeper.sweep(),
    async stop(deadlineMs) {
      await sweeper.stop();
      await watch.stop(deadlineMs);
    },
  };
}

function countCalls(
  kind: string,
  shell: Shell,
  deps: Deps,
  { service, inventoryMs }: { readonly service: string; readonly inventoryMs: number },
): Care {
  const say = (): void => {
    const mine = { service, kind, atMs: deps.now(), isWhole: false };
    sayInventory(deps.bus, { ...mine, attemptIds: shell.held() });
  };
  const timer = setInterval(say, inventoryMs).unref();
  return {
    name: "inventory",
    sweep: async () => say(),
    stop: async () => clearInterval(timer),
  };
}
