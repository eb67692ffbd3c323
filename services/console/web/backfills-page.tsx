// Backfills: the list with its progress; one backfill, its dates, and the buttons that hold it, let it go on or end it.
import { useState } from "react";
import type { ApiBackfill, ApiBackfillDate, ApiBackfillDates, ApiBackfills } from "../src/api.ts";
import { CancelBackfill } from "./backfill-cancel.tsx";
import { failureOf, postJson, type RequestFailure } from "./client.ts";
import { useJson, useNow } from "./live.ts";
import { Empty, Fact, Problem, Show, Title, When } from "./parts.tsx";
import { Link, backfillPath, dagPath, runPath } from "./router.tsx";

const tones: Readonly<Record<string, string>> = {
  succeeded: "good",
  done: "good",
  failed: "bad",
  refused: "bad",
  cancelled: "warn",
  paused: "warn",
  running: "busy",
  starting: "busy",
};
const Tag = ({ state }: { readonly state: string }) => (
  <span className={`tag ${tones[state] ?? "off"}`}>{state}</span>
);

export function BackfillsPage() {
  const loaded = useJson<ApiBackfills>("/api/backfills?page_size=100", 5_000);
  const now = useNow();
  return (
    <>
      <Title>Backfills</Title>
      <h1>Backfills</h1>
      <Show loaded={loaded}>
        {({ backfills }) =>
          backfills.length === 0 ? (
            <Empty>
              No backfill was made yet: the page of a <Link to="/dags">DAG</Link> makes one, or{" "}
              <code>chasqui backfill</code>.
            </Empty>
          ) : (
            <table className="list">
              <thead>
                <tr>
                  <th scope="col">DAG</th>
                  <th scope="col">Dates</th>
                  <th scope="col">State</th>
                  <th scope="col">Progress</th>
                  <th scope="col">Made</th>
                </tr>
              </thead>
              <tbody>
                {backfills.map((one) => (
                  <BackfillRow key={one.backfillId} backfill={one} now={now} />
                ))}
              </tbody>
            </table>
          )
        }
      </Show>
    </>
  );
}

const day = (time: string): string => time.slice(0, 10);

function BackfillRow({ backfill, now }: { readonly backfill: ApiBackfill; readonly now: number }) {
  return (
    <tr>
      <td data-name="DAG" className="main">
        <Link to={dagPath(backfill.dagId)} className="quiet">
          {backfill.dagId}
        </Link>
        {backfill.reason !== "" && <div className="kind">{backfill.reason}</div>}
      </td>
      <td data-name="Dates">
        <Link to={backfillPath(backfill.backfillId)}>
          {day(backfill.firstTime)} to {day(backfill.lastTime)}
        </Link>
      </td>
      <td data-name="State">
        <Tag state={backfill.state} />
      </td>
      <td data-name="Progress">
        <Progress counts={backfill.counts} />
      </td>
      <td data-name="Made">
        <When at={backfill.createdTime} now={now} />
        <div className="kind">{backfill.createdBy}</div>
      </td>
    </tr>
  );
}

const OPEN = ["waiting", "starting", "running"];

function Progress({ counts }: { readonly counts: ApiBackfill["counts"] }) {
  const entries = Object.entries(counts);
  const total = entries.reduce((sum, [, n]) => sum + n, 0);
  const done = entries.reduce((sum, [state, n]) => (OPEN.includes(state) ? sum : sum + n), 0);
  return (
    <>
      <progress value={done} max={Math.max(1, total)} aria-label="Dates with their outcome" />{" "}
      {done} of {total}
      <div className="kind">{entries.map(([state, n]) => `${n} ${state}`).join(", ")}</div>
    </>
  );
}

export function BackfillPage({ backfillId }: { readonly backfillId: string }) {
  const path = `/api/backfills/${encodeURIComponent(backfillId)}?page_size=1000`;
  const loaded = useJson<ApiBackfillDates>(path, 2_000);
  return (
    <Show loaded={loaded}>
      {({ backfill, dates }) => (
        <>
          <Title>{`Backfill of ${backfill.dagId}`}</Title>
          <section className="run-header">
            <div className="head">
              <h1>Backfill of {backfill.dagId}</h1>
              <Tag state={backfill.state} />
              <Buttons backfill={backfill} onChanged={loaded.reload} />
            </div>
            {backfill.endsRuns && !backfill.isOver && (
              <p className="about">Its runs at work are being cancelled.</p>
            )}
            {backfill.waitsFor !== "" && <p className="about">Waits: {backfill.waitsFor}</p>}
            <Facts backfill={backfill} />
          </section>
          <Dates dates={dates} />
        </>
      )}
    </Show>
  );
}

function Facts({ backfill }: { readonly backfill: ApiBackfill }) {
  const { changedBy, changeReason, reason, createdBy } = backfill;
  const said = (by: string, why: string): string => (why === "" ? by : `${by}: ${why}`);
  return (
    <dl className="facts">
      <Fact name="Progress">
        <Progress counts={backfill.counts} />
      </Fact>
      <Fact name="Made by">{said(createdBy, reason)}</Fact>
      {changedBy !== "" && <Fact name="Changed by">{said(changedBy, changeReason)}</Fact>}
      <Fact name="Reprocess">{backfill.reprocess}</Fact>
      <Fact name="At once">{String(backfill.maxActive)}</Fact>
      <Fact name="Order">{backfill.newestFirst ? "newest first" : "oldest first"}</Fact>
      <Fact name="Version">{backfill.version === 0 ? "current" : String(backfill.version)}</Fact>
    </dl>
  );
}

function Buttons({
  backfill,
  onChanged,
}: {
  readonly backfill: ApiBackfill;
  readonly onChanged: () => void;
}) {
  const [failure, setFailure] = useState<RequestFailure>();
  const [isBusy, setBusy] = useState(false);
  const { backfillId, state } = backfill;
  if (state !== "running" && state !== "paused") return null;
  const tell = async (action: "pause" | "resume"): Promise<void> => {
    setBusy(true);
    setFailure(undefined);
    try {
      await postJson(`/api/backfills/${encodeURIComponent(backfillId)}/${action}`, {});
      onChanged();
    } catch (error) {
      setFailure(failureOf(error));
    }
    setBusy(false);
  };
  const other = state === "running" ? "pause" : "resume";
  return (
    <div className="actions">
      <button type="button" disabled={isBusy} onClick={() => void tell(other)}>
        {other === "pause" ? "Pause" : "Resume"}
      </button>
      <CancelBackfill backfill={backfill} onChanged={onChanged} />
      {failure !== undefined && <Problem failure={failure} />}
    </div>
  );
}

function Dates({ dates }: { readonly dates: readonly ApiBackfillDate[] }) {
  return (
    <table className="list">
      <thead>
        <tr>
          <th scope="col">About</th>
          <th scope="col">State</th>
          <th scope="col">Run</th>
        </tr>
      </thead>
      <tbody>
        {dates.map((date) => (
          <tr key={date.dueTime}>
            <td data-name="About" className="main">
              {date.logicalTime.replace(".000Z", "Z")}
            </td>
            <td data-name="State">
              <Tag state={date.state} />
              {date.reason !== "" && <div className="why">{date.reason}</div>}
            </td>
            <td data-name="Run">
              {date.runId === undefined ? (
                <span className="none">–</span>
              ) : (
                <Link to={runPath(date.runId)}>{date.runKey}</Link>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
