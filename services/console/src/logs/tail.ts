// The log of one task, read from CHASQUI_LOGS: put in order, gaps marked, and followed until it is whole.
// Facts that a reader may rely on:
//   T1. With an attempt, its lines and no other's; without one, the newest attempt's, and when followed also
//       those of the attempts after it.
//   T2. Following ends with the attempt's last batch, or shortly after the task has ended without one.
//   T3. A line with counter 0 is no line of the attempt: it says which lines are missing.
import { create, fromBinary } from "@bufbuild/protobuf";
import type { Bus, Delivery } from "@chasqui/bus";
import { RpcCode, RpcError } from "@chasqui/chassis";
import {
  LogBatchSchema,
  LogLineSchema,
  subjects,
  TaskState,
  type LogBatch,
  type LogLine,
  type Run,
  type Task,
} from "@chasqui/contracts";
import { createLogMerge, type LogMerge } from "../core/log-merge.ts";

export interface TailRequest {
  readonly runId: string;
  readonly taskId: string;
  /** 0: the newest. */
  readonly attempt: number;
  readonly follow: boolean;
}

export interface TailDeps {
  readonly bus: Pick<Bus, "readStream">;
  readonly getRun: (runId: string) => Promise<Run>;
  readonly watchRun: (runId: string, signal: AbortSignal) => AsyncIterable<Run>;
  readonly log: { warn(fields: object, message: string): void };
}

/** After the task has ended, what is still on its way gets so long. */
const LAST_WORDS_MS = 1_500;

const endedStates: ReadonlySet<TaskState> = new Set([
  TaskState.SUCCEEDED,
  TaskState.FAILED,
  TaskState.SKIPPED,
  TaskState.UPSTREAM_FAILED,
  TaskState.CANCELLED,
  TaskState.REMOVED,
]);

export async function* tailLogs(
  request: TailRequest,
  deps: TailDeps,
  signal: AbortSignal,
): AsyncGenerator<LogBatch, void, undefined> {
  const run = await deps.getRun(request.runId); // it may be named by less than its whole id
  const task = taskOf(run, request.taskId);
  const first = request.attempt === 0 ? task.attempt : request.attempt;
  const last = request.attempt === 0 && request.follow ? Infinity : first;
  if (last === 0) return;
  const end = new AbortController();
  const stop = (): void => end.abort(new Error("the log ends here"));
  signal.addEventListener("abort", stop, { once: true });
  const watch = request.follow ? watchEnd(run.runId, task, last, deps, end, stop) : undefined;
  const merges = new Map<string, LogMerge<LogLine>>();
  try {
    const filter = subjects.logsOfTask(run.runId, task.taskId);
    const { follow } = request;
    for await (const delivery of deps.bus.readStream("CHASQUI_LOGS", filter, {
      follow,
      signal: end.signal,
    })) {
      const batch = parseBatch(delivery, deps);
      if (batch === undefined || batch.attempt < first || batch.attempt > last) continue;
      watch?.heard();
      const lines = mergedLines(merges, batch);
      if (lines.length > 0 || batch.complete) yield { ...batch, lines };
      if (batch.complete && batch.attempt === (watch?.lastAttempt() ?? last)) return;
    }
  } finally {
    signal.removeEventListener("abort", stop);
    watch?.stop();
    stop();
  }
}

function taskOf(run: Run, taskId: string): Task {
  const task = run.tasks.find((one) => one.taskId === taskId);
  if (task !== undefined) return task;
  const known = run.tasks.map((one) => one.taskId).slice(0, 20);
  throw new RpcError(
    RpcCode.NOT_FOUND,
    `run ${run.runId} has no task ${JSON.stringify(taskId)}: want one of ${known.join(", ")}`,
  );
}

function parseBatch({ data, subject }: Delivery, { log }: TailDeps): LogBatch | undefined {
  try {
    return fromBinary(LogBatchSchema, data);
  } catch (error) {
    log.warn({ error, subject }, "a log batch cannot be read");
    return undefined;
  }
}

function mergedLines(merges: Map<string, LogMerge<LogLine>>, batch: LogBatch): LogLine[] {
  const merge = merges.get(batch.attemptId) ?? createLogMerge<LogLine>();
  merges.set(batch.attemptId, merge);
  return merge.accept(batch.lines).map((item) => {
    if (item.kind === "line") return item.line;
    const { from, to } = item;
    const which = from === to ? `line ${from} is missing` : `lines ${from} to ${to} are missing`;
    return create(LogLineSchema, { counter: 0, atMs: batch.lines[0]?.atMs ?? 0, text: which });
  });
}

/** Ends the following once the task, or the one attempt that is followed, has ended and nothing more comes. */
function watchEnd(
  runId: string,
  task: Task,
  attempt: number,
  deps: TailDeps,
  end: AbortController,
  stop: () => void,
): {
  heard(): void;
  /** Known once it has ended. */ lastAttempt(): number | undefined;
  stop(): void;
} {
  let ended = false;
  let lastAttempt: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  const armed = (): void => {
    clearTimeout(timer);
    timer = setTimeout(stop, LAST_WORDS_MS);
  };
  const see = (seen: Task | undefined): void => {
    if (ended || seen === undefined) return;
    ended = endedStates.has(seen.state) || seen.attempt > attempt || isOver(seen, attempt);
    if (!ended) return;
    lastAttempt = Math.min(seen.attempt, attempt);
    armed();
  };
  see(task);
  void (async () => {
    if (ended) return;
    try {
      for await (const run of deps.watchRun(runId, end.signal)) {
        see(run.tasks.find((one) => one.taskId === task.taskId && one.mapIndex === task.mapIndex));
        if (ended) return;
      }
      if (!ended) armed(); // the run has settled
      ended = true;
    } catch (error) {
      // The state machine is away: the log itself says when it is complete.
      if (!end.signal.aborted) deps.log.warn({ error, run_id: runId }, "a run cannot be watched");
    }
  })();
  return {
    heard: () => {
      if (ended) armed();
    },
    lastAttempt: () => lastAttempt,
    stop: () => clearTimeout(timer),
  };
}

const isOver = (task: Task, attempt: number): boolean =>
  task.attempt === attempt && task.state === TaskState.RETRYING;
