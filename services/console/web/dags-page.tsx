// Every DAG: when it runs next, how its last runs went, pause and start.
import type { ApiDag, ApiRun, ApiRuns } from "../src/api.ts";
import { inZone } from "./format.ts";
import { useFresh, useJson, useNow } from "./live.ts";
import { Empty, Show, Title, When } from "./parts.tsx";
import { PauseSwitch } from "./pause-switch.tsx";
import { Link, dagPath, runPath } from "./router.tsx";
import { StartButton } from "./start-dialog.tsx";
import { Mark, wordOf } from "./state.tsx";

const LAST_RUNS = 8;

export function DagsPage() {
  const dags = useJson<{ dags: ApiDag[] }>("/api/dags", 10_000);
  const runs = useFresh<ApiRuns>("/api/runs?page_size=300");
  const now = useNow();
  return (
    <>
      <Title>DAGs</Title>
      <div className="head">
        <h1>DAGs</h1>
      </div>
      <Show loaded={dags}>
        {({ dags: list }) =>
          list.length === 0 ? (
            <Empty>
              No DAG is applied yet: save one in <code>dags/</code>, or run{" "}
              <code>chasqui apply</code>.
            </Empty>
          ) : (
            <table className="list dags">
              <thead>
                <tr>
                  <th scope="col">DAG</th>
                  <th scope="col">Last runs</th>
                  <th scope="col">Next due</th>
                  <th scope="col">Schedule</th>
                  <th scope="col">
                    <span className="unseen">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {list.map((dag) => (
                  <DagRow
                    key={dag.dagId}
                    dag={dag}
                    runs={(runs.data?.runs ?? []).filter((run) => run.dagId === dag.dagId)}
                    now={now}
                    onChanged={dags.reload}
                  />
                ))}
              </tbody>
            </table>
          )
        }
      </Show>
    </>
  );
}

interface DagRowProps {
  readonly dag: ApiDag;
  readonly runs: readonly ApiRun[];
  readonly now: number;
  readonly onChanged: () => void;
}

function DagRow({ dag, runs, now, onChanged }: DagRowProps) {
  return (
    <tr className={dag.paused ? "paused" : undefined}>
      <td data-name="DAG" className="main">
        <Link to={dagPath(dag.dagId)}>{dag.dagId}</Link>
        {dag.description !== "" && <div className="about">{dag.description}</div>}
      </td>
      <td data-name="Last runs">
        <LastRuns runs={runs} />
      </td>
      <td data-name="Next due">
        <NextDue dag={dag} now={now} />
      </td>
      <td data-name="Schedule">
        <ScheduleText dag={dag} />
      </td>
      <td className="row-actions">
        <PauseSwitch dag={dag} onChanged={onChanged} />
        <StartButton dag={dag} />
      </td>
    </tr>
  );
}

/** Oldest to newest, as one reads. */
function LastRuns({ runs }: { readonly runs: readonly ApiRun[] }) {
  if (runs.length === 0) return <span className="none">none</span>;
  return (
    <span className="last-runs">
      {runs
        .slice(0, LAST_RUNS)
        .toReversed()
        .map((run) => (
          <Link key={run.runId} to={runPath(run.runId)} title={`${run.key}: ${wordOf(run.state)}`}>
            <Mark state={run.state} />
            <span className="unseen">
              {run.key}: {wordOf(run.state)}
            </span>
          </Link>
        ))}
    </span>
  );
}

export function NextDue({ dag, now }: { readonly dag: ApiDag; readonly now: number }) {
  const { schedule } = dag;
  if (dag.paused) return <span className="none">paused</span>;
  if (schedule?.nextTime === undefined) return <span className="none">–</span>;
  return (
    <>
      <When at={schedule.nextTime} now={now} />
      <div className="kind">{inZone(schedule.nextTime, schedule.timezone)}</div>
    </>
  );
}

export function ScheduleText({ dag }: { readonly dag: ApiDag }) {
  const { schedule, triggers } = dag;
  if (schedule === undefined && triggers.length === 0) return <span className="none">by hand</span>;
  return (
    <>
      {schedule !== undefined && (
        <div>
          <code title={schedule.words}>{schedule.summary}</code>{" "}
          <span className="kind">{schedule.timezone}</span>
        </div>
      )}
      {triggers.map(({ on, note }) => (
        <div key={`${on} ${note}`}>
          <span className="kind">on</span> <code>{on}</code> <span className="kind">{note}</span>
        </div>
      ))}
    </>
  );
}
