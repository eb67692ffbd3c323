// `npm run bench`: edge latency, fan-outs, concurrent and sustained diamonds, triggers, due times, waiting sensors;
// through separate processes, all durable. And what a call of the command line takes.
// Absolute figures hold for this machine and this minute; ratios to the probes of the same run travel.
import { parseArgs } from "node:util";
import { probes } from "./probes.ts";
import { schedules, trigger } from "./clock.ts";
import { commandLine } from "./command-line.ts";
import { burst, chain, fanOut, large, mapped, sustained } from "./scenarios.ts";
import { waitingSensors } from "./sensors.ts";
import { openBench } from "./world.ts";

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    only: { type: "string", default: "chain,fan,burst,sustained,trigger,schedules,sensors,cli" },
    runs: { type: "string", default: "2500" },
  },
});
const wanted = new Set(values.only.split(","));
const results: Record<string, Record<string, number>> = {};
const note = (name: string, figures: Record<string, number>): void => {
  results[name] = figures;
  if (values.json) return;
  const text = Object.entries(figures).map(([key, value]) => `${key} ${value}`);
  process.stdout.write(`${name.padEnd(28)} ${text.join("   ")}\n`);
};

if ([...wanted].some((part) => part !== "sensors" && part !== "cli")) await measureTasks();
if (wanted.has("cli")) note("chasqui simulate", await commandLine());
if (wanted.has("sensors")) note("10,000 sensors wait", await waitingSensors(10_000));
if (values.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);

async function measureTasks(): Promise<void> {
  await using bench = await openBench();
  note("memory fresh (MB)", bench.rssMb());
  note("probes", await probes(bench));
  if (wanted.has("chain")) note("chain of 50 (edge)", await chain(bench, 40));
  if (wanted.has("fan")) {
    note("fan-out 1,000 + join", await fanOut(bench, 1_000));
    note("fan-out 10,000 + join", await fanOut(bench, 10_000));
    note("a DAG of 5,000 tasks", await large(bench, 5_000));
    note("for_each 10,000 + join", await mapped(bench, 10_000));
  }
  if (wanted.has("burst")) note("500 diamonds of 10 at once", await burst(bench, 500));
  if (wanted.has("sustained"))
    note("sustained diamonds of 10", await sustained(bench, Number(values.runs), 500));
  if (wanted.has("trigger")) note("trigger to runner", await trigger(bench, 300));
  if (wanted.has("schedules"))
    note("10,000 schedules, late by", await schedules(bench, 10_000, 60));
  note("memory after (MB)", bench.rssMb());
  await new Promise((resolve) => setTimeout(resolve, 15_000)); // idle is what is measured, so some idling is needed
  note("memory, idle again (MB)", bench.rssMb());
}
