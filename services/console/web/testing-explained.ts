// What the stand-in of testing.ts says of why something is not at work.
import type { ApiExplained, ApiRun, ApiWait } from "../src/api.ts";
import { ago, HOUR, MINUTE } from "./testing-data.ts";

const within = (ms: number): string => ago(-ms);
const admission: ApiWait = {
  kind: "admission",
  text: "a slot of its DAG",
  ...{ fromTime: ago(9 * MINUTE + 5_000), untilTime: ago(9 * MINUTE) },
};

export function explained(run: ApiRun, task: string): ApiExplained {
  const about = { runId: run.runId, state: run.state };
  if (run.state === "queued") return { ...about, explanations: [queued(run)] };
  if (task === "") return { ...about, explanations: [retried, publish] };
  const found = run.tasks?.find(({ taskId }) => taskId === task);
  if (found?.endedTime !== undefined && found.state !== "retrying")
    return { ...about, explanations: [over(task, found.state)] };
  const one = [retried, publish].find((known) => known.task === task) ?? working(task);
  return { ...about, explanations: [one] };
}

const queued = ({ runId, dagId }: ApiRun): ApiExplained["explanations"][number] => ({
  state: "queued",
  causes: [
    {
      kind: "admission",
      text: `1 of 1 runs of DAG ${dagId} are active (max_active_runs); the oldest is ${runId}`,
      runId,
    },
  ],
  ...{ expectedTime: within(8 * MINUTE), expectedBy: "estimate", expectedRuns: 10 },
  waits: [],
});

const retried: ApiExplained["explanations"][number] = {
  ...{ task: "train-baseline", state: "retrying" },
  causes: [
    {
      ...{ kind: "timer", task: "train-baseline", untilTime: within(10 * MINUTE) },
      text: "train-baseline: attempt 1 failed; it is repeated",
    },
  ],
  ...{ expectedTime: within(10 * MINUTE), expectedBy: "timer" },
  waits: [
    admission,
    {
      kind: "pool",
      text: "a slot of pool gpu",
      ...{ fromTime: ago(5 * MINUTE + 31_000), untilTime: ago(5 * MINUTE) },
    },
    { kind: "timer", text: "the repeat of attempt 1, which failed", fromTime: ago(2 * MINUTE) },
  ],
};

const publish: ApiExplained["explanations"][number] = {
  ...{ task: "publish", state: "waiting" },
  causes: [
    { kind: "upstream", text: "publish waits for evaluate", task: "publish" },
    { kind: "upstream", text: "evaluate waits for train, train-baseline", task: "evaluate" },
    { kind: "working", text: "train is at work (attempt 1)", task: "train" },
  ],
  ...{ expectedTime: within(HOUR + 12 * MINUTE), expectedBy: "estimate", expectedRuns: 7 },
  waits: [admission, { kind: "upstream", text: "what it needs", fromTime: ago(9 * MINUTE) }],
};

const working = (task: string): ApiExplained["explanations"][number] => ({
  ...{ task, state: "running" },
  causes: [{ kind: "working", text: `${task} is at work (attempt 1)`, task }],
  waits: [admission],
});

const over = (task: string, state: string): ApiExplained["explanations"][number] => ({
  ...{ task, state },
  causes: [{ kind: "settled", text: `it has ${state}` }],
  waits: [admission],
});
