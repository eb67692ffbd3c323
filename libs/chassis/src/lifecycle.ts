// How a service lives: parts come up in the order of need, the process says that it is ready, and on the first
// SIGTERM all goes down in reverse.
// Invariants:
//   L1. Exit code 0 only after a stop that was asked for, in time, in which every part stopped cleanly.
//   L2. Whatever happens after the stop began, the process is gone by its deadline plus five seconds.
//   L3. If a part fails to start, those already up are stopped, and the exit code is 1.
//   L4. An error that nobody caught is our own mistake: it is logged, and the process ends at once with 1.
import { listenHosts } from "./common-settings.ts";
import type { EnvironmentName } from "./environment/environment-names.ts";
import { isOutage } from "./database-errors.ts";
import { startHealth, type Health } from "./health.ts";
import { processHost, type Host } from "./host.ts";
import { createLogger, type Logger } from "./logger.ts";
import { PartStack, type Part } from "./part.ts";
import type { Telemetry } from "./spans.ts";
import { collectGarbageWhenIdle } from "./idle-garbage.ts";
import { startTelemetry } from "./telemetry.ts";

export interface ProcessSettings {
  readonly environment: EnvironmentName;
  readonly healthPort: number;
  readonly stopDeadlineMs: number;
}

/** What a service's `start` is given. */
export interface Life<S> {
  readonly name: string;
  readonly settings: S;
  readonly log: Logger;
  readonly telemetry: Telemetry;
  readonly health: Health;
  /** Aborted when the stop begins. */
  readonly stopping: AbortSignal;
  /** Waits for a part and notes it as up; throws when the process is stopping meanwhile. */
  up<P extends Part>(part: P | Promise<P>): Promise<P>;
  /** Says, at /readyz and /statusz, what the start waits for; `undefined` once it waits no more. */
  waitsFor(this: void, what: string | undefined): void;
  /** Adds to what /statusz shows. */
  status(report: () => Readonly<Record<string, unknown>>): void;
  /** A part died: everything stops, exit code 1. */
  fail(error: unknown): void;
}

export interface ServiceOptions<S extends ProcessSettings> {
  readonly name: string;
  readonly settings: (env: NodeJS.ProcessEnv) => S;
  readonly start: (life: Life<S>) => Promise<void>;
  /** The process; a test brings its own. */
  readonly host?: Host;
}

const GRACE_MS = 5_000;
/** When the parent is gone, so are its servers: nothing is left to wait for. */
const ORPHAN_DEADLINE_MS = 2_000;
/** What a start that is broken off gets to notice it, before the parts that it stands on are stopped. */
const BREAK_OFF_MS = 500;
/** A terminal's Ctrl-C reaches us twice when our parent passes it on. */
const SAME_SIGNAL_MS = 200;

/** Runs a service until it is told to stop. Resolves when the process was told to exit. */
export async function runService<S extends ProcessSettings>(
  options: ServiceOptions<S>,
): Promise<void> {
  const { name, host = processHost() } = options;
  const startedMs = performance.now();
  let service: RunningService<S>;
  try {
    const log = createLogger({ service: name, env: host.env });
    host.onUncaught((error, origin) => {
      // postgres.js asks for array types when a connection opens and drops that promise: a database that goes away just
      // then rejects it. Whoever asked for something has been told by its own promise.
      if (origin === "unhandledRejection" && isOutage(error))
        return log.warn({ error }, "the database went away while a connection opened");
      log.fatal({ error }, "nobody caught this error: the process ends");
      host.exit(1);
    });
    try {
      service = new RunningService(name, options.settings(host.env), log, host);
    } catch (error) {
      log.fatal({ error }, "bad settings");
      return host.exit(1);
    }
  } catch (error) {
    host.complain(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    return host.exit(1);
  }
  await service.run(options.start, startedMs);
}

class RunningService<S extends ProcessSettings> {
  readonly #name: string;
  readonly #settings: S;
  readonly #log: Logger;
  readonly #host: Host;
  readonly #parts = new PartStack();
  readonly #stopping = new AbortController();
  readonly #reports: (() => Readonly<Record<string, unknown>>)[] = [];
  readonly #started = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  #health: Health | undefined;
  #stopAskedMs: number | undefined;
  #exited = false;

  constructor(name: string, settings: S, log: Logger, host: Host) {
    this.#name = name;
    this.#settings = settings;
    this.#log = log;
    this.#host = host;
  }

  async run(start: (life: Life<S>) => Promise<void>, startedMs: number): Promise<void> {
    this.#host.onSignal((signal) => this.#onSignal(signal));
    this.#host.onParentGone(() =>
      this.#stop("the parent process is gone", { code: 0, deadlineMs: ORPHAN_DEADLINE_MS }),
    );
    try {
      const life = await this.#begin();
      await start(life);
      if (!this.#stopping.signal.aborted) {
        life.health.setReady(true);
        const startMs = Math.round(performance.now() - startedMs);
        this.#log.info({ parts: this.#parts.names, start_ms: startMs }, "ready");
        this.#stopping.signal.addEventListener("abort", collectGarbageWhenIdle());
      }
    } catch (error) {
      if (this.#stopping.signal.aborted)
        this.#log.info({ reason: String(error) }, "start was broken off");
      else this.#fail(error, "failed to start");
    } finally {
      this.#started.resolve();
    }
    await this.#ended.promise;
  }

  async #begin(): Promise<Life<S>> {
    const { environment, healthPort: port } = this.#settings;
    const telemetryOptions = { service: this.#name, environment, log: this.#log };
    const telemetry = await startTelemetry({ ...telemetryOptions, env: this.#host.env });
    await this.#up(telemetry);
    const { healthHost } = listenHosts(this.#host.env);
    const health = await startHealth({ port, host: healthHost, status: () => this.#status() });
    this.#health = health;
    await this.#up(health);
    this.#log.info({ port: health.port }, "health server listens");
    return {
      name: this.#name,
      settings: this.#settings,
      log: this.#log,
      telemetry,
      health,
      stopping: this.#stopping.signal,
      up: (part) => this.#up(part),
      waitsFor: (what) => health.waitsFor(what),
      status: (report) => void this.#reports.push(report),
      fail: (error) => this.#fail(error, "a part died"),
    };
  }

  async #up<P extends Part>(starting: P | Promise<P>): Promise<P> {
    const part = await starting;
    await this.#parts.add(part);
    this.#stopping.signal.throwIfAborted();
    return part;
  }

  #status(): Record<string, unknown> {
    return Object.assign(
      {
        service: this.#name,
        environment: this.#settings.environment,
        uptime_s: Math.round(process.uptime()),
        memory_mb: Math.round(process.memoryUsage.rss() / 1_048_576),
        stopping: this.#stopping.signal.aborted,
        parts: this.#parts.names,
      },
      ...this.#reports.map((report) => report()),
    );
  }

  #onSignal(signal: string): void {
    if (this.#stopAskedMs === undefined) {
      this.#stop(signal, { code: 0, deadlineMs: this.#settings.stopDeadlineMs });
    } else if (this.#host.nowMs() - this.#stopAskedMs > SAME_SIGNAL_MS) {
      this.#log.warn({ signal }, "second signal: the process ends without waiting");
      this.#exit(1);
    }
  }

  #fail(error: unknown, what: string): void {
    this.#log.fatal({ error }, what);
    this.#stop(what, { code: 1, deadlineMs: this.#settings.stopDeadlineMs });
  }

  #stop(reason: string, { code, deadlineMs }: { code: number; deadlineMs: number }): void {
    if (this.#stopAskedMs !== undefined) return;
    this.#stopAskedMs = this.#host.nowMs();
    this.#log.info({ reason, deadline_ms: deadlineMs }, "stopping");
    this.#health?.setReady(false);
    this.#stopping.abort(new Error(`${this.#name} is stopping: ${reason}`));
    this.#host.after(deadlineMs + GRACE_MS, () => {
      this.#log.fatal({ parts: this.#parts.names }, "not stopped by the deadline");
      this.#exit(1);
    });
    void this.#stopParts(deadlineMs, code);
  }

  async #stopParts(deadlineMs: number, code: number): Promise<void> {
    await settledWithin(Math.min(BREAK_OFF_MS, deadlineMs), this.#started.promise);
    const failures = await this.#parts.stop(deadlineMs, (part) =>
      this.#log.debug({ part }, "stopping a part"),
    );
    for (const { part, error } of failures)
      this.#log.error({ part, error }, "a part failed to stop");
    this.#exit(failures.length > 0 ? 1 : code);
  }

  #exit(code: number): void {
    if (this.#exited) return;
    this.#exited = true;
    this.#log.info({ code }, "exit");
    this.#host.exit(code);
    this.#ended.resolve();
  }
}

async function settledWithin(ms: number, work: Promise<void>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([work, late]);
  clearTimeout(timer);
}
