// Cancelling a backfill: whether its runs at work end with it, what would happen, and a line for the audit.
import { useState } from "react";
import type { ApiBackfill, ApiBackfillDates } from "../src/api.ts";
import { postJson } from "./client.ts";
import { useCommand } from "./command.ts";
import { DialogButton, Why } from "./dialog.tsx";
import { useDryRun } from "./dry-run.ts";
import { plural } from "./format.ts";
import { Problem } from "./parts.tsx";
import { Link, runPath } from "./router.tsx";

interface CancelProps {
  readonly backfill: ApiBackfill;
  readonly onChanged: () => void;
}

export function CancelBackfill({ backfill, onChanged }: CancelProps) {
  return (
    <DialogButton
      title={`Cancel the backfill of ${backfill.dagId}`}
      button={{ className: "danger" }}
      label="Cancel"
    >
      {(close) => <Confirm backfill={backfill} close={close} onChanged={onChanged} />}
    </DialogButton>
  );
}

interface ConfirmProps extends CancelProps {
  readonly close: () => void;
}

function Confirm({ backfill, close, onChanged }: ConfirmProps) {
  const [reason, setReason] = useState("");
  const [keepRuns, setKeepRuns] = useState(false);
  const url = `/api/backfills/${encodeURIComponent(backfill.backfillId)}/cancel`;
  const { act, isBusy, failure } = useCommand(
    () => postJson<ApiBackfillDates>(url, { keepRuns, reason }),
    () => {
      onChanged();
      close();
    },
  );
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        act();
      }}
    >
      <h2>Cancel the backfill of {backfill.dagId}</h2>
      <WouldHappen url={url} keepRuns={keepRuns} />
      <label>
        <input
          type="checkbox"
          checked={keepRuns}
          onChange={(event) => setKeepRuns(event.target.checked)}
        />{" "}
        Runs at work go on to their end
      </label>
      <Why reason={reason} setReason={setReason} />
      {failure !== undefined && <Problem failure={failure} />}
      <div className="actions">
        <button type="button" onClick={close}>
          Keep it
        </button>
        <button type="submit" className="primary danger" disabled={isBusy}>
          Yes, cancel it
        </button>
      </div>
    </form>
  );
}

const SHOWN_MAX = 8;

/** The dry run, in sentences. */
function WouldHappen({ url, keepRuns }: { readonly url: string; readonly keepRuns: boolean }) {
  const dates = useDryRun<ApiBackfillDates>(url, { keepRuns })?.dates;
  if (dates === undefined) return <p className="none" aria-busy="true" />;
  const waiting = dates.filter(({ state }) => state === "abandoned").length;
  const ended = dates.filter(({ state }) => state === "cancelled");
  const kept = dates.length - waiting - ended.length;
  const shown = ended.slice(0, SHOWN_MAX);
  return (
    <ul className="would" role="status">
      <li>{plural(waiting, "waiting date")} never begin.</li>
      <li>
        {plural(ended.length, "run")} at work {ended.length === 1 ? "is" : "are"} cancelled
        {shown.map(({ runId = "", runKey }, index) => (
          <span key={runKey}>
            {index === 0 ? ": " : ", "}
            <Link to={runPath(runId)}>{runKey}</Link>
          </span>
        ))}
        {ended.length > shown.length && ` and ${ended.length - shown.length} more`}.
      </li>
      {kept > 0 && (
        <li>
          {plural(kept, "run")} {kept === 1 ? "goes" : "go"} on.
        </li>
      )}
    </ul>
  );
}
