// The engine and its parts put together, for main.ts and for the tests alike.
import type { JsonObject } from "@bufbuild/protobuf";
import type { BatchSource, Bus } from "@chasqui/bus";
import type { Logger, Part, Telemetry } from "@chasqui/chassis";
import { PARTITIONS, inboxDurable } from "@chasqui/contracts";
import type { Sql } from "postgres";
import { createAnnouncer } from "./announcer.ts";
import { Cache } from "./cache.ts";
import type { Clock } from "./clock.ts";
import { startClock } from "./clock.ts";
import type { Engine } from "./handle.ts";
import { runEngine } from "./handle.ts";
import type { Settings } from "./settings.ts";
import { declarePools } from "./say/pool-messages.ts";
import { createSpeaker } from "./speaker.ts";
import type { Versions } from "./store/versions.ts";
import { type InventoryWatch, watchInventories } from "./inventory-watch.ts";
import { startSweeper } from "./sweep.ts";
import { createTracingLimit } from "./tracing-limit.ts";
import { createWakes } from "./wakes.ts";

export interface EngineParts {
  readonly sql: Sql;
  readonly bus: Bus;
  readonly versions: Versions;
  readonly telemetry: Telemetry;
  readonly log: Logger;
  readonly vars: JsonObject;
  /** Sizes of pools that the installation's file declares. */
  readonly pools?: Readonly<Record<string, number>>;
  readonly settings: Pick<
    Settings,
    "environment" | "cachedTasksMax" | "batchMax" | "unheardMs" | "tracedRunsPerSecond"
  >;
}

export interface RunningEngine extends Part {
  readonly clock: Clock;
  readonly heard: InventoryWatch["heard"];
  status(): Record<string, unknown>;
}

export async function startEngine(parts: EngineParts): Promise<RunningEngine> {
  const { sql, bus, versions, telemetry, log, vars, settings } = parts;
  const clock = await startClock(sql, log);
  const cache = new Cache(sql, versions, { tasksMax: settings.cachedTasksMax });
  const announcer = createAnnouncer(sql, log);
  const wakes = createWakes(bus, clock.now);
  const { environment, unheardMs } = settings;
  const speaker = createSpeaker({
    bus,
    sql,
    versions,
    telemetry,
    announcer,
    wakes,
    environment,
    vars,
  });
  const durables = Array.from({ length: PARTITIONS }, (_, partition) => inboxDurable(partition));
  const source: BatchSource = await bus.consumeBatches(durables, { batchMax: settings.batchMax });
  const sizes = telemetry.histogram("chasqui.batch.size", "{message}");
  let lastBatchMs = 0;
  const engine: Engine = runEngine(source, {
    sql,
    cache,
    speaker,
    log,
    clock: clock.now,
    isTraced: createTracingLimit(settings.tracedRunsPerSecond, clock.now),
    onBatch(size) {
      lastBatchMs = clock.now();
      sizes.record(size);
    },
  });
  const common = { sql, bus, versions, log };
  const declare = (): Promise<boolean> =>
    declarePools(bus, parts.pools ?? {}, { environment, nowMs: clock.now() });
  await declare();
  const sweeper = startSweeper({ ...common, speaker, environment, unheardMs, declare });
  const inventories = watchInventories({ sql, bus, versions, log, clock: clock.now });
  return {
    name: "engine",
    clock,
    heard: (kind) => inventories.heard(kind),
    status: () => ({
      waiting: source.waiting,
      saying: engine.saying,
      cached_tasks: cache.taskCount,
      last_batch_at: lastBatchMs === 0 ? null : new Date(lastBatchMs).toISOString(),
    }),
    async stop() {
      await sweeper.stop();
      await inventories.stop();
      wakes.stop();
      await source.stop();
      await engine.done;
      await announcer.stop();
      clock.stop();
    },
  };
}
