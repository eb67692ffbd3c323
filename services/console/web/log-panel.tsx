// The log of a task's attempt, live: it follows its end until the reader scrolls up, and says whether it is whole.
import { useLayoutEffect, useRef, useState } from "react";
import type { ApiLogBatch, ApiLogLine, ApiTask } from "../src/api.ts";
import { clockTime, plural, withoutAnsi } from "./format.ts";
import { useEvents, type StreamState } from "./live.ts";

/** More lines than these are read with the CLI. */
const LINES_MAX = 5_000;

interface Log {
  readonly lines: readonly ApiLogLine[];
  readonly count: number;
  readonly gaps: number;
  readonly complete: boolean;
}

const emptyLog: Log = { lines: [], count: 0, gaps: 0, complete: false };

function withBatch(log: Log, batch: ApiLogBatch): Log {
  const gaps = batch.lines.filter(({ counter }) => counter === 0).length;
  return {
    lines: [...log.lines, ...batch.lines].slice(-LINES_MAX),
    count: log.count + batch.lines.length - gaps,
    gaps: log.gaps + gaps,
    complete: log.complete || batch.complete,
  };
}

export function LogPanel({ runId, task }: { readonly runId: string; readonly task: ApiTask }) {
  const [chosen, setChosen] = useState<number>();
  const attempt = chosen ?? task.attempt; // a new attempt is what one wants to see
  return (
    <div className="log">
      <div className="head">
        <h3>Log</h3>
        {task.attempt > 1 && (
          <div className="chips small" role="group" aria-label="Attempt">
            {Array.from({ length: task.attempt }, (_, index) => index + 1).map((number) => (
              <button
                key={number}
                type="button"
                aria-pressed={number === attempt}
                onClick={() => setChosen(number === task.attempt ? undefined : number)}
              >
                attempt {number}
              </button>
            ))}
          </div>
        )}
      </div>
      <Lines key={attempt} runId={runId} taskId={task.taskId} attempt={attempt} />
    </div>
  );
}

function Lines({
  runId,
  taskId,
  attempt,
}: {
  readonly runId: string;
  readonly taskId: string;
  readonly attempt: number;
}) {
  const [log, setLog] = useState(emptyLog);
  const path = `/api/runs/${encodeURIComponent(runId)}/logs/${encodeURIComponent(taskId)}?attempt=${attempt}&follow=1`;
  const stream = useEvents(path, {
    open: () => setLog(emptyLog),
    lines: (data) => setLog((before) => withBatch(before, data as ApiLogBatch)),
  });
  const view = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  useLayoutEffect(() => {
    if (view.current !== null && follows.current)
      view.current.scrollTop = view.current.scrollHeight;
  });
  return (
    <>
      <div
        ref={view}
        className="lines"
        tabIndex={0}
        role="log"
        aria-label={`Log of ${taskId}, attempt ${attempt}`}
        onScroll={({ currentTarget: at }) => {
          follows.current = at.scrollHeight - at.scrollTop - at.clientHeight < 24;
        }}
      >
        {log.lines.map((line, index) => (
          <Line key={`${line.counter}-${index}`} line={line} />
        ))}
        {log.lines.length === 0 && (
          <p className="none">
            {stream === "ended" ? "It said nothing." : "Waiting for its first line …"}
          </p>
        )}
      </div>
      <p className="log-foot">{footOf(log, stream)}</p>
    </>
  );
}

function Line({ line }: { readonly line: ApiLogLine }) {
  if (line.counter === 0) return <div className="gap">{line.text}</div>;
  return (
    <div className="line">
      <span className="counter">{line.counter}</span>
      <span className="at">{line.time === undefined ? "" : clockTime(line.time)}</span>
      <span className="text">{withoutAnsi(line.text)}</span>
    </div>
  );
}

function footOf(log: Log, stream: StreamState): string {
  const count = plural(log.count, "line");
  const gaps = log.gaps === 0 ? "" : `, with ${plural(log.gaps, "gap")}`;
  const shown = log.count > LINES_MAX ? `; the last ${LINES_MAX} are shown` : "";
  if (log.complete) return `${log.gaps === 0 ? "complete" : "ended"}, ${count}${gaps}${shown}`;
  if (stream === "live") return `live, ${count} so far${gaps}${shown}`;
  if (stream === "ended") return `${count}${gaps}${shown}`;
  return `${count}${gaps}; connecting again …`;
}
