// Runs, newest first, live: which, of what, since when, how long, why.
import type { ApiDag, ApiRun, ApiRuns, RunState } from "../src/api.ts";
import { causeText, duration, elapsedMs } from "./format.ts";
import { useFresh, useJson, useNow } from "./live.ts";
import { Empty, Show, Title, When } from "./parts.tsx";
import { Link, dagPath, navigate, runPath, withQuery } from "./router.tsx";
import { StateTag } from "./state.tsx";

const choices: readonly { readonly name: string; readonly states: readonly RunState[] }[] = [
  { name: "All", states: [] },
  { name: "Active", states: ["queued", "running", "cancelling"] },
  { name: "Failed", states: ["failed"] },
  { name: "Succeeded", states: ["succeeded"] },
  { name: "Cancelled", states: ["cancelled"] },
];
const PAGE_SIZE = 50;

export function RunsPage({ query }: { readonly query: URLSearchParams }) {
  const dag = query.get("dag") ?? "";
  const state = query.get("state") ?? "";
  const page = query.get("page") ?? "";
  const asked = new URLSearchParams({ page_size: String(PAGE_SIZE) });
  if (dag !== "") asked.set("dag", dag);
  if (state !== "") asked.set("state", state);
  if (page !== "") asked.set("page_token", page);
  const runs = useFresh<ApiRuns>(`/api/runs?${asked}`);
  const now = useNow();
  return (
    <>
      <Title>Runs</Title>
      <div className="head">
        <h1>Runs</h1>
        <StateFilter state={state} />
        <DagFilter dag={dag} />
      </div>
      <Show loaded={runs}>
        {({ runs: list, nextPageToken }) => (
          <>
            {list.length === 0 ? (
              <NoRuns filtered={dag !== "" || state !== ""} />
            ) : (
              <RunTable runs={list} now={now} />
            )}
            <div className="pager">
              {page !== "" && <Link to={withQuery({ page: "" })}>Newest</Link>}
              {nextPageToken !== undefined && (
                <Link to={withQuery({ page: nextPageToken })}>Older</Link>
              )}
            </div>
          </>
        )}
      </Show>
    </>
  );
}

function StateFilter({ state }: { readonly state: string }) {
  return (
    <div className="chips" role="group" aria-label="State">
      {choices.map(({ name, states }) => {
        const value = states.join(",");
        return (
          <button
            key={name}
            type="button"
            aria-pressed={value === state}
            onClick={() => navigate(withQuery({ state: value, page: "" }), { replace: true })}
          >
            {name}
          </button>
        );
      })}
    </div>
  );
}

function DagFilter({ dag }: { readonly dag: string }) {
  const dags = useJson<{ dags: ApiDag[] }>("/api/dags");
  const names = new Set((dags.data?.dags ?? []).map(({ dagId }) => dagId));
  if (dag !== "") names.add(dag);
  return (
    <label className="select">
      <span>DAG</span>
      <select
        value={dag}
        onChange={(event) =>
          navigate(withQuery({ dag: event.target.value, page: "" }), { replace: true })
        }
      >
        <option value="">every DAG</option>
        {[...names].toSorted().map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  );
}

function NoRuns({ filtered }: { readonly filtered: boolean }) {
  if (filtered)
    return (
      <Empty>
        No run is like that. <Link to="/">Show all</Link>.
      </Empty>
    );
  return (
    <Empty>
      Nothing has run yet. <Link to="/dags">Start a DAG</Link>, or wait for its next due time.
    </Empty>
  );
}

/** Also used on a DAG's page, where the DAG goes without saying. */
export function RunTable({
  runs,
  now,
  withDag = true,
}: {
  readonly runs: readonly ApiRun[];
  readonly now: number;
  readonly withDag?: boolean;
}) {
  return (
    <table className="list runs">
      <thead>
        <tr>
          <th scope="col">State</th>
          {withDag && <th scope="col">DAG</th>}
          <th scope="col">Key</th>
          <th scope="col">Started</th>
          <th scope="col">Duration</th>
          <th scope="col">Cause</th>
        </tr>
      </thead>
      <tbody>
        {runs.map((run) => (
          <RunRow key={run.runId} run={run} now={now} withDag={withDag} />
        ))}
      </tbody>
    </table>
  );
}

function RunRow({
  run,
  now,
  withDag,
}: {
  readonly run: ApiRun;
  readonly now: number;
  readonly withDag: boolean;
}) {
  const ms = elapsedMs({ ...run, endTime: run.settledTime }, now);
  return (
    <tr>
      <td data-name="State">
        <StateTag state={run.state} />
      </td>
      {withDag && (
        <td data-name="DAG">
          <Link to={dagPath(run.dagId)} className="quiet">
            {run.dagId}
          </Link>
        </td>
      )}
      <td data-name="Key" className="main">
        <Link to={runPath(run.runId)}>{run.key}</Link>
        {run.state === "failed" && run.reason !== "" && <div className="why">{run.reason}</div>}
      </td>
      <td data-name="Started">
        <When at={run.startedTime ?? run.createdTime} now={now} />
      </td>
      <td data-name="Duration" className="number">
        {ms === undefined ? <span className="none">–</span> : duration(ms)}
      </td>
      <td data-name="Cause" className="cause">
        {causeText(run)}
      </td>
    </tr>
  );
}
