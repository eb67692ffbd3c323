// One run, live: what it is, its tasks as a drawing and as a table, one task in depth, and what came of it.
import { useMemo, useState } from "react";
import type { ApiRun, ApiServer, ApiTask } from "../src/api.ts";
import { Questions } from "./approvals.tsx";
import { Deliveries } from "./deliveries.tsx";
import { Drawing } from "./drawing.tsx";
import { RunExplained } from "./explain.tsx";
import { keyOf } from "./format.ts";
import { History } from "./history.tsx";
import { useEvents, useJson, useNow } from "./live.ts";
import { Show } from "./parts.tsx";
import { navigate, withQuery } from "./router.tsx";
import { RunHeader } from "./run-header.tsx";
import { isSettled } from "./state.tsx";
import { TaskPanel } from "./task-panel.tsx";
import { TaskTable } from "./task-table.tsx";

export interface RunPageProps {
  readonly runId: string;
  readonly query: URLSearchParams;
  readonly links: ApiServer["links"];
}

export function RunPage({ runId, query, links }: RunPageProps) {
  const path = `/api/runs/${encodeURIComponent(runId)}`;
  const loaded = useJson<ApiRun>(path);
  const [streamed, setStreamed] = useState<ApiRun>();
  // A run that is not there has no stream; one that settled has nothing more to say.
  const isOver = loaded.data !== undefined && isSettled(loaded.data.state);
  const follow = loaded.data === undefined || isOver ? undefined : `${path}/stream`;
  const stream = useEvents(follow, { run: (data) => setStreamed(data as ApiRun) });
  const run = newest(loaded.data, streamed);
  const shown = { ...loaded, data: run };
  return (
    <Show loaded={shown}>
      {(current) => (
        <RunView run={current} query={query} links={links} isLive={stream === "live"} />
      )}
    </Show>
  );
}

const newest = (a: ApiRun | undefined, b: ApiRun | undefined): ApiRun | undefined =>
  a === undefined || (b !== undefined && b.version >= a.version) ? (b ?? a) : a;

const noTasks: readonly ApiTask[] = [];

interface RunViewProps {
  readonly run: ApiRun;
  readonly query: URLSearchParams;
  readonly links: ApiServer["links"];
  readonly isLive: boolean;
}

function RunView({ run, query, links, isLive }: RunViewProps) {
  const now = useNow(isSettled(run.state) ? 60_000 : 1_000);
  const { tasks = noTasks } = run;
  const chosen = query.get("task");
  const selected = tasks.find((task) => keyOf(task) === chosen) ?? mostTelling(tasks);
  const select = (task: ApiTask): void => {
    navigate(withQuery({ task: keyOf(task) }), { replace: true });
    // Where the columns are one below the other, what was asked for is out of sight.
    if (matchMedia("(max-width: 1000px)").matches)
      requestAnimationFrame(() => document.querySelector(".panel")?.scrollIntoView());
  };
  const drawn = useMemo(() => tasks.map(({ taskId, needs }) => ({ id: taskId, needs })), [tasks]);
  return (
    <>
      <RunHeader run={run} links={links} now={now} isLive={isLive} />
      <RunExplained run={run} now={now} />
      <Questions run={run} now={now} />
      <Drawing
        tasks={drawn}
        stateOf={(id) => tasks.find((task) => task.taskId === id)?.state ?? "waiting"}
        noteOf={(id) => tasks.find((task) => task.taskId === id)?.kind ?? ""}
        selected={selected?.taskId}
        hrefOf={(id) => withQuery({ task: id })}
        onSelect={(id) => {
          const task = tasks.find((one) => one.taskId === id);
          if (task !== undefined) select(task);
        }}
      />
      <div className="columns">
        <TaskTable run={run} tasks={tasks} selected={selected} onSelect={select} now={now} />
        {selected !== undefined && (
          <TaskPanel key={keyOf(selected)} run={run} task={selected} now={now} />
        )}
      </div>
      {tasks.some((task) => task.kind === "report.email") && <Deliveries run={run} now={now} />}
      <History run={run} />
    </>
  );
}

/** What a reader most likely came for: what failed, else what runs, else what came last. */
function mostTelling(tasks: readonly ApiTask[]): ApiTask | undefined {
  const first = (...states: readonly string[]): ApiTask | undefined =>
    tasks.find((task) => states.includes(task.state));
  return (
    first("failed") ??
    first("retrying") ??
    first("running", "cancelling") ??
    first("assigned", "awaiting_approval") ??
    tasks
      .filter((task) => task.endedTime !== undefined)
      .toSorted(byEnd)
      .at(-1) ??
    tasks[0]
  );
}

const byEnd = (a: ApiTask, b: ApiTask): number =>
  Date.parse(a.endedTime ?? "") - Date.parse(b.endedTime ?? "");
