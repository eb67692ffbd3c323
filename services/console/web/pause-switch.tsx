// Pausing a DAG and ending that. Asked twice, with what would change and a line for the audit.
import { useState } from "react";
import type { ApiDag, ApiPaused } from "../src/api.ts";
import { postJson } from "./client.ts";
import { useCommand } from "./command.ts";
import { DialogButton, Why } from "./dialog.tsx";
import { useDryRun } from "./dry-run.ts";
import { plural, shortId } from "./format.ts";
import { Problem } from "./parts.tsx";
import { Link, runPath } from "./router.tsx";

interface PauseProps {
  readonly dag: ApiDag;
  readonly onChanged: () => void;
}

export function PauseSwitch({ dag, onChanged }: PauseProps) {
  const { dagId, paused } = dag;
  const button = {
    role: "switch",
    "aria-checked": !paused,
    className: "switch",
    title: paused ? "Paused: new runs wait. Click to resume." : "Active. Click to pause.",
  };
  const label = (
    <>
      <span className="knob" aria-hidden="true" />
      <span className="unseen">{dagId} is active</span>
    </>
  );
  return (
    <DialogButton title={`${paused ? "Resume" : "Pause"} ${dagId}`} button={button} label={label}>
      {(close) => <Confirm dag={dag} close={close} onChanged={onChanged} />}
    </DialogButton>
  );
}

interface ConfirmProps extends PauseProps {
  readonly close: () => void;
}

function Confirm({ dag, close, onChanged }: ConfirmProps) {
  const { dagId } = dag;
  const [paused] = useState(!dag.paused); // what is asked for stays, also when somebody else does it meanwhile
  const [reason, setReason] = useState("");
  const url = `/api/dags/${encodeURIComponent(dagId)}/pause`;
  const { act, isBusy, failure } = useCommand(
    () => postJson<ApiPaused>(url, { paused, reason }),
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
      <h2>
        {paused ? "Pause" : "Resume"} {dagId}
      </h2>
      <WouldChange url={url} paused={paused} />
      <Why reason={reason} setReason={setReason} />
      {failure !== undefined && <Problem failure={failure} />}
      <div className="actions">
        <button type="button" onClick={close}>
          Keep it
        </button>
        <button type="submit" className="primary" disabled={isBusy}>
          {paused ? "Yes, pause it" : "Yes, resume it"}
        </button>
      </div>
    </form>
  );
}

const SHOWN_MAX = 8;

interface WouldChangeProps {
  readonly url: string;
  readonly paused: boolean;
}

/** The dry run, in sentences. */
function WouldChange({ url, paused }: WouldChangeProps) {
  const changes = useDryRun<ApiPaused>(url, { paused })?.changes;
  if (changes === undefined) return <p className="none" aria-busy="true" />;
  const { changed, activeRuns, waitingRuns, startedRunIds } = changes;
  if (!changed)
    return <p className="none">It is {paused ? "paused" : "active"} already: nothing changes.</p>;
  const shown = startedRunIds.slice(0, SHOWN_MAX);
  const more = startedRunIds.length - shown.length;
  return (
    <ul className="would" role="status">
      <li>
        {plural(activeRuns, "run")} at work {activeRuns === 1 ? "goes" : "go"} on.
      </li>
      {paused ? (
        <>
          <li>
            {plural(waitingRuns, "run")} {waitingRuns === 1 ? "waits" : "wait"} on; new ones queue.
          </li>
          <li>Due times are recorded and start nothing.</li>
        </>
      ) : (
        <li>
          Of {plural(waitingRuns, "waiting run")}{" "}
          {shown.length === 0 ? "none begins" : `${startedRunIds.length} would begin: `}
          {shown.map((runId, index) => (
            <span key={runId}>
              {index > 0 && ", "}
              <Link to={runPath(runId)}>{shortId(runId)}</Link>
            </span>
          ))}
          {more > 0 && ` and ${more} more`}.
        </li>
      )}
    </ul>
  );
}
