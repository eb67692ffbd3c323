// One DAG: its tasks, when it runs, its runs, and the ledger of its due times.
import { useMemo } from "react";
import type { ApiDag, ApiRuns, ApiTick } from "../src/api.ts";
import { BackfillButton } from "./backfill-button.tsx";
import { NextDue, ScheduleText } from "./dags-page.tsx";
import { Drawing } from "./drawing.tsx";
import { inZone } from "./format.ts";
import { useFresh, useJson, useNow } from "./live.ts";
import { Empty, Fact, Show, Title, When } from "./parts.tsx";
import { PauseSwitch } from "./pause-switch.tsx";
import { Link, runPath } from "./router.tsx";
import { RunTable } from "./runs-page.tsx";
import { StartButton } from "./start-dialog.tsx";
import { StateTag } from "./state.tsx";

export function DagPage({ dagId }: { readonly dagId: string }) {
  const loaded = useJson<ApiDag>(`/api/dags/${encodeURIComponent(dagId)}`, 10_000);
  return <Show loaded={loaded}>{(dag) => <DagView dag={dag} onChanged={loaded.reload} />}</Show>;
}

/** By whom, and why: "auto-pause: its last 3 runs failed". */
function WhyPaused({ dag }: { readonly dag: ApiDag }) {
  const { pausedBy, pauseReason } = dag;
  return (
    <span className="about">
      {[pausedBy, pauseReason].filter((said) => said !== "").join(": ")}
    </span>
  );
}

function DagView({ dag, onChanged }: { readonly dag: ApiDag; readonly onChanged: () => void }) {
  const now = useNow();
  const runs = useFresh<ApiRuns>(`/api/runs?page_size=20&dag=${encodeURIComponent(dag.dagId)}`);
  const drawn = useMemo(
    () => dag.tasks.map(({ taskId, needs }) => ({ id: taskId, needs })),
    [dag.tasks],
  );
  return (
    <>
      <Title>{dag.dagId}</Title>
      <section className="run-header">
        <div className="head">
          <h1>{dag.dagId}</h1>
          {dag.paused && <span className="tag off">paused</span>}
          {dag.paused && <WhyPaused dag={dag} />}
          <div className="actions">
            <PauseSwitch dag={dag} onChanged={onChanged} />
            <BackfillButton dag={dag} />
            <StartButton dag={dag} />
          </div>
        </div>
        {dag.description !== "" && <p className="about">{dag.description}</p>}
        <dl className="facts">
          <Fact name="Schedule">
            <ScheduleText dag={dag} />
          </Fact>
          <Fact name="Next due">
            <NextDue dag={dag} now={now} />
          </Fact>
          {dag.schedule !== undefined && (
            <Fact name="Missed · overlapping">
              {dag.schedule.catchup} · {dag.schedule.overlap.replaceAll("_", " ")}
            </Fact>
          )}
          {dag.owner !== "" && <Fact name="Owner">{dag.owner}</Fact>}
          <Fact name="Version">
            {dag.version} <span className="none">applied </span>
            <When at={dag.appliedTime} now={now} />
          </Fact>
        </dl>
      </section>
      <Drawing
        tasks={drawn}
        noteOf={(id) => dag.tasks.find((task) => task.taskId === id)?.kind ?? ""}
      />
      <section aria-label="Runs">
        <h2>Runs</h2>
        <Show loaded={runs}>
          {({ runs: list, nextPageToken }) =>
            list.length === 0 ? (
              <Empty>It has not run yet.</Empty>
            ) : (
              <>
                <RunTable runs={list} now={now} withDag={false} />
                {nextPageToken !== undefined && (
                  <div className="pager">
                    <Link to={`/?dag=${encodeURIComponent(dag.dagId)}`}>All its runs</Link>
                  </div>
                )}
              </>
            )
          }
        </Show>
      </section>
      {dag.schedule !== undefined && (
        <Ticks dagId={dag.dagId} timezone={dag.schedule.timezone} now={now} />
      )}
    </>
  );
}

/** Each due time and what became of it: there is no other record, and none is missing. */
function Ticks({
  dagId,
  timezone,
  now,
}: {
  readonly dagId: string;
  readonly timezone: string;
  readonly now: number;
}) {
  const path = `/api/ticks/${encodeURIComponent(dagId)}?page_size=20`;
  const loaded = useJson<{ ticks: ApiTick[] }>(path, 10_000);
  return (
    <section aria-label="Due times">
      <h2>Due times</h2>
      <Show loaded={loaded}>
        {({ ticks }) =>
          ticks.length === 0 ? (
            <Empty>None has come yet.</Empty>
          ) : (
            <table className="list">
              <thead>
                <tr>
                  <th scope="col">Due</th>
                  <th scope="col">Outcome</th>
                  <th scope="col">Run or reason</th>
                </tr>
              </thead>
              <tbody>
                {ticks.map((tick) => (
                  <tr key={tick.dueTime}>
                    <td data-name="Due" className="main">
                      <When at={tick.dueTime} now={now} />
                      <div className="kind">
                        {tick.dueTime === undefined ? "" : inZone(tick.dueTime, timezone)}
                      </div>
                    </td>
                    <td data-name="Outcome">
                      <StateTag state={tick.outcome} />
                    </td>
                    <td data-name="Run or reason">
                      {tick.runId === undefined ? (
                        tick.reason
                      ) : (
                        <Link to={runPath(tick.runId)}>run</Link>
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </Show>
    </section>
  );
}
