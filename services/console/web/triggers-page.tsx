// The ledger of triggers: "I published, why is there no run?"
import { useState } from "react";
import type { ApiTrigger } from "../src/api.ts";
import { useJson, useNow } from "./live.ts";
import { Empty, Show, Title, When } from "./parts.tsx";
import { Link, dagPath, navigate, runPath, withQuery } from "./router.tsx";

const tones: Readonly<Record<string, string>> = {
  started: "good",
  joined: "good",
  "paused-queued": "warn",
  starting: "busy",
  waiting: "busy",
  filtered: "off",
  "rate-limited": "warn",
  unbound: "warn",
  rejected: "warn",
  dead: "bad",
};

export function TriggersPage({ query }: { readonly query: URLSearchParams }) {
  const source = query.get("source") ?? "";
  const id = query.get("id") ?? "";
  const asked = new URLSearchParams({
    page_size: "100",
    ...(source && { source }),
    ...(id && { id }),
  });
  const loaded = useJson<{ triggers: ApiTrigger[] }>(`/api/triggers?${asked}`, 5_000);
  const now = useNow();
  return (
    <>
      <Title>Triggers</Title>
      <div className="head">
        <h1>Triggers</h1>
        <Search key={`${source} ${id}`} source={source} id={id} />
      </div>
      <Show loaded={loaded}>
        {({ triggers }) =>
          triggers.length === 0 ? (
            <Empty>
              {source === "" && id === ""
                ? "No trigger has come yet."
                : "No trigger is like that: it was never published, or not stored."}
            </Empty>
          ) : (
            <table className="list">
              <thead>
                <tr>
                  <th scope="col">Received</th>
                  <th scope="col">Subject</th>
                  <th scope="col">Source and id</th>
                  <th scope="col">DAG</th>
                  <th scope="col">Outcome</th>
                </tr>
              </thead>
              <tbody>
                {triggers.map((trigger) => (
                  <TriggerRow
                    key={`${trigger.source} ${trigger.id} ${trigger.dagId}`}
                    trigger={trigger}
                    now={now}
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

function TriggerRow({ trigger, now }: { readonly trigger: ApiTrigger; readonly now: number }) {
  return (
    <tr>
      <td data-name="Received">
        <When at={trigger.receivedTime} now={now} />
      </td>
      <td data-name="Subject">
        <code>{trigger.subject}</code>
      </td>
      <td data-name="Source and id" className="main">
        {trigger.id}
        <div className="kind">{trigger.source}</div>
      </td>
      <td data-name="DAG">
        {trigger.dagId === "" ? (
          <span className="none">–</span>
        ) : (
          <Link to={dagPath(trigger.dagId)} className="quiet">
            {trigger.dagId}
          </Link>
        )}
      </td>
      <td data-name="Outcome">
        <span className={`tag ${tones[trigger.outcome] ?? "off"}`}>{trigger.outcome}</span>{" "}
        {trigger.runId !== undefined && <Link to={runPath(trigger.runId)}>run</Link>}
        {trigger.reason !== "" && <div className="why">{trigger.reason}</div>}
      </td>
    </tr>
  );
}

function Search({ source, id }: { readonly source: string; readonly id: string }) {
  const [wanted, setWanted] = useState({ source, id });
  return (
    <form
      className="search"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        navigate(withQuery(wanted), { replace: true });
      }}
    >
      <input
        aria-label="Source"
        placeholder="source"
        value={wanted.source}
        onChange={(event) => setWanted({ ...wanted, source: event.target.value })}
      />
      <input
        aria-label="Id"
        placeholder="id"
        value={wanted.id}
        onChange={(event) => setWanted({ ...wanted, id: event.target.value })}
      />
      <button type="submit">Find</button>
    </form>
  );
}
