// The run's history, read when somebody opens it: what was decided, when, and because of which message.
import { useState } from "react";
import type { ApiHistoryEntry, ApiRun } from "../src/api.ts";
import { clockTime } from "./format.ts";
import { useJson } from "./live.ts";
import { Show } from "./parts.tsx";

const ENTRIES_MAX = 500;

export function History({ run }: { readonly run: ApiRun }) {
  const [isOpen, setOpen] = useState(false);
  const path = `/api/runs/${encodeURIComponent(run.runId)}/history`;
  return (
    <details className="history" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        <h2>History</h2>
      </summary>
      {isOpen && <Entries path={path} />}
    </details>
  );
}

function Entries({ path }: { readonly path: string }) {
  const loaded = useJson<{ entries: ApiHistoryEntry[] }>(path, 5_000);
  return (
    <Show loaded={loaded}>
      {({ entries }) => (
        <>
          {entries.length > ENTRIES_MAX && (
            <p className="none">
              The last {ENTRIES_MAX} of {entries.length}.
            </p>
          )}
          <ol>
            {entries.slice(-ENTRIES_MAX).map((entry) => (
              <li key={`${entry.version} ${entry.index}`}>
                <time>{entry.time === undefined ? "" : clockTime(entry.time)}</time>
                <strong>{entry.type.replaceAll("_", " ")}</strong>
                <code>{entry.data === undefined ? "" : JSON.stringify(entry.data)}</code>
                <span className="none" title="the message that caused it">
                  {entry.cause}
                </span>
              </li>
            ))}
          </ol>
        </>
      )}
    </Show>
  );
}
