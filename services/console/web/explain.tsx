// Why a run or a task is not at work now: the chain of causes, when it is expected, and what it waited for before.
import { useState, type ReactNode } from "react";
import type {
  ApiCause,
  ApiExplained,
  ApiExplanation,
  ApiRun,
  ApiTask,
  ApiWait,
} from "../src/api.ts";
import { duration, instant, keyOf, plural } from "./format.ts";
import { useJson } from "./live.ts";
import { Problem, When } from "./parts.tsx";
import { Link, runPath, withQuery } from "./router.tsx";
import { isFinal, isSettled } from "./state.tsx";

/** How often it is asked again while it is seen. */
const EVERY_MS = 5_000;

interface Explained {
  readonly run: ApiRun;
  readonly now: number;
}

/** Of a run that waits for its slot in full; of one at work what would be next, when asked for. */
export function RunExplained({ run, now }: Explained) {
  if (isSettled(run.state)) return null;
  if (run.state === "queued")
    return (
      <div className="explained">
        <h2>Why it has not begun</h2>
        <Explanations run={run} task="" now={now} />
      </div>
    );
  return (
    <OnDemand summary="What is next, and why it is not at work">
      <Explanations run={run} task="" now={now} />
    </OnDemand>
  );
}

/** Of a task: in full until it is over, then what it waited for, when asked for. */
export function TaskExplained({ run, task, now }: Explained & { readonly task: ApiTask }) {
  const shown = <Explanations run={run} task={keyOf(task)} of={task} now={now} />;
  if (isFinal(task.state) || isSettled(run.state))
    return <OnDemand summary="What it waited for">{shown}</OnDemand>;
  return (
    <div className="explained">
      <h3>{task.state === "running" ? "What it does now" : "Why it is not at work"}</h3>
      {shown}
    </div>
  );
}

/** Asked for only once it is opened. */
function OnDemand({
  summary,
  children,
}: {
  readonly summary: string;
  readonly children: ReactNode;
}) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details className="explained" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{summary}</summary>
      {isOpen && children}
    </details>
  );
}

interface ExplanationsProps extends Explained {
  /** A task's name in its run; empty for the run. */
  readonly task: string;
  readonly of?: ApiTask;
}

function Explanations({ run, task, of, now }: ExplanationsProps) {
  // What it is makes the address new: once it moved on, it is asked at once.
  const query = new URLSearchParams({ task, is: `${of?.state ?? run.state} ${of?.attempt ?? ""}` });
  const path = `/api/runs/${encodeURIComponent(run.runId)}/explain?${query.toString()}`;
  const isOver = isSettled(run.state) || (of !== undefined && isFinal(of.state));
  const { data, failure } = useJson<ApiExplained>(path, isOver ? 0 : EVERY_MS);
  return (
    <>
      {failure !== undefined && <Problem failure={failure} />}
      {data?.explanations.length === 0 && <p className="none">Nothing is next.</p>}
      {data?.explanations.map((one) => (
        <Explanation key={one.task ?? ""} one={one} isNamed={task === ""} now={now} />
      ))}
    </>
  );
}

interface ExplanationProps {
  readonly one: ApiExplanation;
  /** Whether it says of which task it is. */
  readonly isNamed: boolean;
  readonly now: number;
}

function Explanation({ one, isNamed, now }: ExplanationProps) {
  const { task, state, causes, waits } = one;
  return (
    <div className="explanation">
      {isNamed && task !== undefined && (
        <p>
          <ToTask task={task}>{task}</ToTask>{" "}
          <span className="none">{state.replaceAll("_", " ")}</span>
        </p>
      )}
      <ol className="causes">
        {causes.map((cause, depth) => (
          <li key={depth}>
            <CauseText cause={cause} own={task} />
            {cause.untilTime !== undefined && (
              <span className="none">
                {" "}
                until {instant(cause.untilTime)} (<When at={cause.untilTime} now={now} />)
              </span>
            )}
          </li>
        ))}
      </ol>
      <ExpectedTime one={one} now={now} />
      {waits.length > 0 && (
        <ul className="waits" aria-label="What it waited for">
          {waits.map((wait) => (
            <li key={`${wait.kind} ${wait.fromTime}`}>
              <WaitText wait={wait} now={now} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** Leads to whatever else it is about. */
function CauseText({ cause, own }: { readonly cause: ApiCause; readonly own: string | undefined }) {
  const { text, task, runId } = cause;
  if (runId !== undefined) return <Link to={runPath(runId)}>{text}</Link>;
  return task === undefined || task === own ? text : <ToTask task={task}>{text}</ToTask>;
}

const ToTask = ({ task, children }: { readonly task: string; readonly children: string }) => (
  <Link to={withQuery({ task })} replace>
    {children}
  </Link>
);

const starting: ReadonlySet<string> = new Set(["waiting", "queued", "retrying"]);
const ending: ReadonlySet<string> = new Set(["running", "assigned"]);

/** A timer is certain; anything else is an estimate, and says so. */
function ExpectedTime({ one, now }: { readonly one: ApiExplanation; readonly now: number }) {
  const { state, expectedTime, expectedBy, expectedRuns = 0 } = one;
  if (!starting.has(state) && !ending.has(state) && expectedTime === undefined) return null;
  const what = starting.has(state) ? "to start" : ending.has(state) ? "to end" : "to go on";
  if (expectedTime === undefined)
    return <p className="none">When it is expected {what}, nobody can tell.</p>;
  return (
    <p>
      Expected {what} <When at={expectedTime} now={now} />{" "}
      <span className="none">({instant(expectedTime)})</span>{" "}
      {expectedBy === "estimate" ? (
        <span className="estimate">
          an estimate:{" "}
          {expectedRuns > 0
            ? `the median of ${plural(expectedRuns, "earlier run")}`
            : "the end of a time limit"}
        </span>
      ) : (
        <span className="none">by a timer</span>
      )}
    </p>
  );
}

function WaitText({ wait, now }: { readonly wait: ApiWait; readonly now: number }) {
  const { text, fromTime, untilTime } = wait;
  const fromMs = fromTime === undefined ? now : Date.parse(fromTime);
  const endMs = untilTime === undefined ? now : Date.parse(untilTime);
  return (
    <>
      {untilTime === undefined ? "Has waited " : "Waited "}
      <strong>{duration(Math.max(0, endMs - fromMs))}</strong>
      {untilTime === undefined && " so far"} for {text}
      {untilTime !== undefined && <span className="none"> until {instant(untilTime)}</span>}
    </>
  );
}
