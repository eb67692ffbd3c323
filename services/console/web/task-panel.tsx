// One task in depth: its attempt, why it ended as it did, its log, its output.
import type { ApiFailure, ApiRun, ApiTask } from "../src/api.ts";
import { duration, elapsedMs, instant, keyOf, shortId } from "./format.ts";
import { TaskExplained } from "./explain.tsx";
import { LogPanel } from "./log-panel.tsx";
import { TaskOperations } from "./operations.tsx";
import { Copy, Fact, Json, When } from "./parts.tsx";
import { Link, runPath } from "./router.tsx";
import { StateTag } from "./state.tsx";

export interface TaskPanelProps {
  readonly run: ApiRun;
  readonly task: ApiTask;
  readonly now: number;
}

export function TaskPanel({ run, task, now }: TaskPanelProps) {
  const ms = elapsedMs({ ...task, endTime: task.endedTime }, now);
  const waitedMs = elapsedMs(
    {
      ...(task.assignedTime === undefined ? {} : { startedTime: task.assignedTime }),
      endTime: task.startedTime,
    },
    now,
  );
  return (
    <section className="panel" aria-label={`Task ${keyOf(task)}`}>
      <div className="head">
        <h2>{keyOf(task)}</h2>
        <StateTag state={task.state} />
        {task.link !== "" && <OutsideJob link={task.link} />}
        <div className="actions">
          <TaskOperations run={run} task={task} />
        </div>
      </div>
      <dl className="facts">
        <Fact name="Kind">{task.kind}</Fact>
        {task.childRunId !== undefined && (
          <Fact name="Its run">
            <Link to={runPath(task.childRunId)}>{shortId(task.childRunId)}</Link>
          </Fact>
        )}
        <Fact name="Attempt">
          {task.attempt === 0
            ? "none yet"
            : `${task.attempt} of ${Math.max(task.attempt, task.attemptsMax)}`}
        </Fact>
        <Fact name="Started">
          <When at={task.startedTime} now={now} />
        </Fact>
        <Fact name="Took">{ms === undefined ? <span className="none">–</span> : duration(ms)}</Fact>
        {waitedMs !== undefined && <Fact name="Waited before">{duration(waitedMs)}</Fact>}
        {task.needs.length > 0 && <Fact name="Needs">{task.needs.join(", ")}</Fact>}
        {task.attemptId !== "" && (
          <Fact name="Attempt id">
            <Copy text={task.attemptId} shown={task.attemptId.slice(0, 12)} />
          </Fact>
        )}
      </dl>
      {task.reason !== "" && <p className="reason">{task.reason}</p>}
      {task.state === "retrying" && task.retryTime !== undefined && (
        <p className="reason">The next attempt is due at {instant(task.retryTime)}.</p>
      )}
      <TaskExplained run={run} task={task} now={now} />
      {task.failure !== undefined && (
        <Failure failure={task.failure} isPast={task.state === "succeeded"} />
      )}
      {task.attempt > 0 && <LogPanel runId={run.runId} task={task} />}
      {task.output !== undefined && task.output !== null && (
        <>
          <h3>Output</h3>
          <Json value={task.output} />
        </>
      )}
    </section>
  );
}

/** A link, when it is one; an outside job's name otherwise. */
function OutsideJob({ link }: { readonly link: string }) {
  const isLink = /^https?:\/\//.test(link);
  return isLink ? <a href={link}>outside job</a> : <Copy text={link} />;
}

/** What went wrong, in the order in which one asks: what, why, with which facts, what it said last. */
function Failure({ failure, isPast }: { readonly failure: ApiFailure; readonly isPast: boolean }) {
  const { evidence } = failure;
  const facts = typeof evidence === "object" && evidence !== null ? Object.entries(evidence) : [];
  const notes = [
    ...(failure.neverStarted ? ["its work never began, so repeating it is free of charge"] : []),
    ...(failure.permanent ? ["a repeat cannot help"] : []),
  ];
  return (
    <div className={`failure ${isPast ? "past" : ""}`}>
      <h3>
        {isPast ? "An earlier attempt failed" : "Why it failed"}
        <span className="class">{failure.class.replaceAll("_", " ")}</span>
      </h3>
      <p>{failure.message}</p>
      {notes.length > 0 && <p className="none">{notes.join("; ")}</p>}
      {facts.length > 0 && (
        <dl className="evidence">
          {facts.map(([name, value]) => (
            <Fact key={name} name={name.replaceAll("_", " ")}>
              <InWords value={value} />
            </Fact>
          ))}
        </dl>
      )}
      {failure.logTail.length > 0 && (
        <details>
          <summary>Its last lines</summary>
          <pre className="tail">{failure.logTail.join("\n")}</pre>
        </details>
      )}
    </div>
  );
}

/** A fact in words: a list as lines, an object as what it says. */
function InWords({ value }: { readonly value: unknown }) {
  if (Array.isArray(value))
    return (
      <ul className="facts">
        {value.map((item, index) => (
          <li key={index}>
            <InWords value={item} />
          </li>
        ))}
      </ul>
    );
  if (typeof value !== "object" || value === null) return <>{String(value)}</>;
  const fields = Object.entries(value).filter(([, field]) => field !== "");
  return <>{fields.map(([name, field]) => `${name} ${String(field)}`).join(", ")}</>;
}
