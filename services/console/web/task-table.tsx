// The tasks of a run as a table, with the stretch of the run's time that each took.
import { useState } from "react";
import type { ApiRun, ApiTask } from "../src/api.ts";
import { duration, elapsedMs, keyOf, plural, relative } from "./format.ts";
import { StateTag, toneOf } from "./state.tsx";

export interface TaskTableProps {
  readonly run: ApiRun;
  readonly tasks: readonly ApiTask[];
  readonly selected: ApiTask | undefined;
  readonly onSelect: (task: ApiTask) => void;
  readonly now: number;
}

const ROWS_MAX = 200;

export function TaskTable({ run, tasks, selected, onSelect, now }: TaskTableProps) {
  const [rowsMax, setRowsMax] = useState(ROWS_MAX);
  return (
    <section className="tasks" aria-label="Tasks">
      <h2>{plural(tasks.length, "task")}</h2>
      <table className="list">
        <thead>
          <tr>
            <th scope="col">Task</th>
            <th scope="col">State</th>
            <th scope="col">Attempt</th>
            <th scope="col">Duration</th>
            <th scope="col" className="span-column">
              When
            </th>
          </tr>
        </thead>
        <tbody>
          {tasks.slice(0, rowsMax).map((task) => (
            <TaskRow
              key={keyOf(task)}
              run={run}
              task={task}
              now={now}
              isSelected={task === selected}
              onSelect={() => onSelect(task)}
            />
          ))}
        </tbody>
      </table>
      {tasks.length > rowsMax && (
        <button type="button" onClick={() => setRowsMax(rowsMax * 5)}>
          Show more of {tasks.length}
        </button>
      )}
    </section>
  );
}

interface TaskRowProps {
  readonly run: ApiRun;
  readonly task: ApiTask;
  readonly now: number;
  readonly isSelected: boolean;
  readonly onSelect: () => void;
}

function TaskRow({ run, task, now, isSelected, onSelect }: TaskRowProps) {
  const ms = elapsedMs({ ...task, endTime: task.endedTime }, now);
  return (
    <tr className={isSelected ? "selected" : undefined} onClick={onSelect}>
      <td data-name="Task" className="main">
        <button type="button" className="row-button" aria-pressed={isSelected}>
          {keyOf(task)}
        </button>
        <div className="kind">{task.kind}</div>
      </td>
      <td data-name="State">
        <StateTag state={task.state} />
        {task.state === "retrying" && task.retryTime !== undefined && (
          <div className="why">again {relative(Date.parse(task.retryTime), now)}</div>
        )}
      </td>
      <td data-name="Attempt" className="number">
        {task.attempt === 0 ? (
          <span className="none">–</span>
        ) : (
          `${task.attempt}/${Math.max(task.attempt, task.attemptsMax)}`
        )}
      </td>
      <td data-name="Duration" className="number">
        {ms === undefined ? <span className="none">–</span> : duration(ms)}
      </td>
      <td className="span-column">
        <TimeSpan run={run} task={task} now={now} />
      </td>
    </tr>
  );
}

/** Where in the run's time the current attempt lies. */
function TimeSpan({
  run,
  task,
  now,
}: {
  readonly run: ApiRun;
  readonly task: ApiTask;
  readonly now: number;
}) {
  const beganMs = Date.parse(run.startedTime ?? run.createdTime ?? "");
  const endMs = run.settledTime === undefined ? now : Date.parse(run.settledTime);
  const totalMs = Math.max(1, endMs - beganMs);
  if (task.startedTime === undefined || Number.isNaN(beganMs)) return <div className="span" />;
  const share = (ms: number): number =>
    Math.min(100, Math.max(0, (100 * (ms - beganMs)) / totalMs));
  const left = share(Date.parse(task.startedTime));
  const right = share(task.endedTime === undefined ? now : Date.parse(task.endedTime));
  return (
    <div className="span" aria-hidden="true">
      <div
        className={toneOf(task.state)}
        style={{ left: `${left}%`, width: `${Math.max(1.5, right - left)}%` }}
      />
    </div>
  );
}
