// What a run is, since when, why, and the buttons of what can be done to it.
import type { ApiRun, ApiServer } from "../src/api.ts";
import { causeText, duration, elapsedMs, instant, keyOf, shortId } from "./format.ts";
import { Copy, Fact, Json, Title, When } from "./parts.tsx";
import { Link, dagPath, runPath } from "./router.tsx";
import { RunOperations } from "./operations.tsx";
import { StateTag, isSettled, wordOf } from "./state.tsx";

export interface RunHeaderProps {
  readonly run: ApiRun;
  readonly links: ApiServer["links"];
  readonly now: number;
  readonly isLive: boolean;
}

export function RunHeader({ run, links, now, isLive }: RunHeaderProps) {
  const ms = elapsedMs({ ...run, endTime: run.settledTime }, now);
  return (
    <section className="run-header">
      <Title>{`${run.dagId} ${run.key}: ${wordOf(run.state)}`}</Title>
      <div className="head">
        <h1>
          <Link to={dagPath(run.dagId)}>{run.dagId}</Link>
          <span className="key">{run.key}</span>
        </h1>
        <StateTag state={run.state} />
        {isLive && <span className="live">live</span>}
        <div className="actions">
          <TraceLink run={run} template={links.trace} />
          <RunOperations run={run} />
        </div>
      </div>
      {run.reason !== "" && <p className={`reason ${run.state}`}>{run.reason}</p>}
      <dl className="facts">
        <Fact name="Started">
          <When at={run.startedTime} now={now} />
        </Fact>
        <Fact name={isSettled(run.state) ? "Took" : "Running for"}>
          {ms === undefined ? <span className="none">–</span> : duration(ms)}
        </Fact>
        <Fact name="Cause">{causeText(run)}</Fact>
        <Fact name="Logical time">
          {run.logicalTime === undefined ? (
            <span className="none">–</span>
          ) : (
            instant(run.logicalTime)
          )}
        </Fact>
        {run.intervalStartTime !== run.intervalEndTime && (
          <Fact name="Interval">
            {instant(run.intervalStartTime ?? "")} – {instant(run.intervalEndTime ?? "")}
          </Fact>
        )}
        <Fact name="DAG version">{run.dagVersion}</Fact>
        {run.parent !== undefined && (
          <Fact name="Started by">
            <Link to={runPath(run.parent.runId)}>
              {`${run.parent.dagId} / ${keyOf(run.parent)}`}
            </Link>
          </Fact>
        )}
        {run.rerunOf !== undefined && (
          <Fact name="Does again">
            <Link to={runPath(run.rerunOf)}>{shortId(run.rerunOf)}</Link>
          </Fact>
        )}
        <Fact name="Run">
          <Copy text={run.runId} shown={shortId(run.runId)} />
        </Fact>
      </dl>
      <Given name="Event" value={run.event} />
      <Given name="Parameters" value={run.params} />
    </section>
  );
}

function Given({ name, value }: { readonly name: string; readonly value: unknown }) {
  if (typeof value !== "object" || value === null || Object.keys(value).length === 0) return null;
  return (
    <details className="given">
      <summary>{name}</summary>
      <Json value={value} />
    </details>
  );
}

function TraceLink({
  run,
  template,
}: {
  readonly run: ApiRun;
  readonly template: string | undefined;
}) {
  if (run.traceId === "") return null;
  if (template === undefined)
    return <Copy text={run.traceId} shown={`trace ${run.traceId.slice(0, 8)}`} />;
  return (
    <a className="button" href={template.replace("{trace}", run.traceId)}>
      Trace
    </a>
  );
}
