// How soon a trigger event is in a runner's hands, and how late a due time starts its run with many schedules loaded.
import { setTimeout as delay } from "node:timers/promises";
import { create, fromBinary } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import {
  InboxMessageSchema,
  Overlap,
  RunCauseKind,
  RunStartedSchema,
  ScheduleSchema,
  TriggerSchema,
  triggerMessage,
} from "@chasqui/contracts";
import type { DagSpec } from "@chasqui/contracts";
import { median, quantile, round } from "./stats.ts";
import { specOf, type Bench } from "./world.ts";

const nowMs = (): number => performance.timeOrigin + performance.now();

const figures = (samples: readonly number[]): Record<string, number> => ({
  p50_ms: round(median(samples)),
  p99_ms: round(quantile(samples, 0.99)),
});

/** Published → its task in the runner's hands, idle: one after another. */
export async function trigger(bench: Bench, events: number): Promise<Record<string, number>> {
  const on = {
    condition: {
      case: "event" as const,
      value: { subject: "logistics.bench", when: "event.data.n >= 0" },
    },
  };
  const triggers = [create(TriggerSchema, { on })];
  await bench.applySpecs([specOf("bench-trigger", { only: [] }, { triggers })]);
  const WARM = 30;
  const samples: number[] = [];
  for (let n = 0; n < events + WARM; n++) {
    await bench.seen();
    const settled = bench.settled.count();
    const message = triggerMessage({
      source: "logistics",
      name: "bench",
      id: `b${n}`,
      data: { n },
    });
    const { subject, headers, body: data } = message;
    const startMs = nowMs();
    await bench.bus.publishOne({ subject, headers, data });
    await bench.settled.reached(settled + 1);
    const [one] = await bench.seen();
    if (n >= WARM) samples.push((one?.[2] ?? 0) / 1_000 - startMs);
  }
  return { events, ...figures(samples) };
}

const SLOTS = 590; // the compiler writes a cron of second 0 without seconds

/** Each schedule ticks every ten minutes; so each second has its share of them. */
const cronOf = (index: number): string => {
  const slot = index % SLOTS;
  return `${1 + (slot % 59)} ${Math.floor(slot / 59)}-59/10 * * * *`;
};

/**
 * Due time → StartRun on the bus (said), → its run's start as its history has it (began), and → everybody hears that
 * it has started (heard), while so many schedules are loaded: those of some seconds, then all of them at one instant.
 */
export async function schedules(
  bench: Bench,
  count: number,
  seconds: number,
): Promise<Record<string, number>> {
  const applyMs = count * 8;
  const burstMs = Math.ceil((nowMs() + applyMs + (seconds + 30) * 1_000) / 60_000) * 60_000;
  const late = listen(bench, burstMs);
  const specs = Array.from({ length: count }, (_, i) => tickingSpec(i, burstMs));
  for (let at = 0; at < count; at += APPLIED_AT_ONCE)
    await bench.applySpecs(specs.slice(at, at + APPLIED_AT_ONCE));
  await delay(SETTLING_MS); // the scheduler is still learning the last of them
  for (const lateness of [late.said, late.began, late.heard]) lateness.clear();
  await late.until(() => late.heard.all.length >= Math.floor((count / SLOTS) * seconds));
  const { p50_ms: said_p50_ms = 0, p99_ms: said_p99_ms = 0 } = figures(late.said.all);
  const { p50_ms: began_p50_ms = 0, p99_ms: began_p99_ms = 0 } = figures(late.began.all);
  const { p50_ms: heard_p50_ms = 0, p99_ms: heard_p99_ms = 0 } = figures(late.heard.all);
  const ticks = late.said.all.length;
  if (nowMs() > burstMs) throw new Error("applying took too long: the burst was not waited for");
  await late.until(() => late.said.burst.length === count && late.heard.burst.length === count);
  return {
    ...{ schedules: count, ticks, said_p50_ms, said_p99_ms },
    ...{ began_p50_ms, began_p99_ms, heard_p50_ms, heard_p99_ms },
    burst_said_ms: round(Math.max(...late.said.burst), 0),
    burst_heard_ms: round(Math.max(...late.heard.burst), 0),
  };
}

const APPLIED_AT_ONCE = 50;
const SETTLING_MS = 15_000;

function tickingSpec(index: number, burstMs: number): DagSpec {
  const burst = new Date(burstMs).toISOString().replace(".000Z", "Z");
  const timing = { crons: [cronOf(index)], dates: [burst], timezone: "UTC" };
  const schedule = create(ScheduleSchema, { ...timing, overlap: Overlap.ALLOW });
  return specOf(`bench-tick-${index}`, { only: [] }, { schedule, maxActiveRuns: 1_000 });
}

/** How late things came, in milliseconds; those of the burst apart. */
class Lateness {
  readonly #burstMs: number;
  all: number[] = [];
  burst: number[] = [];
  constructor(burstMs: number) {
    this.#burstMs = burstMs;
  }
  note(dueMs: number, atMs: number): void {
    (dueMs === this.#burstMs ? this.burst : this.all).push(atMs - dueMs);
  }
  clear(): void {
    this.all = [];
  }
}

/** Hears every StartRun of the clock, and every run that starts. */
function listen({ bus }: Bench, burstMs: number) {
  const said = new Lateness(burstMs);
  const began = new Lateness(burstMs);
  const heard = new Lateness(burstMs);
  let wake = (): void => undefined;
  bus.subscribePlain("chasqui.inbox.>", (data) => {
    const { body } = fromBinary(InboxMessageSchema, data);
    if (body.case !== "startRun" || body.value.causeKind !== RunCauseKind.SCHEDULE) return;
    said.note(body.value.logicalMs, nowMs());
    wake();
  });
  bus.subscribePlain("chasqui.event.run-started.>", (data) => {
    const { logicalTime, time } = fromBinary(RunStartedSchema, data).run ?? {};
    if (logicalTime === undefined || time === undefined) return;
    began.note(timestampMs(logicalTime), timestampMs(time));
    heard.note(timestampMs(logicalTime), nowMs());
    wake();
  });
  return {
    said,
    began,
    heard,
    async until(isReached: () => boolean): Promise<void> {
      while (!isReached()) await new Promise<void>((resolve) => (wake = resolve));
    },
  };
}
