// Starting a DAG by hand: its key, its logical time, its version, its parameters.
import { useId, useState } from "react";
import type { ApiDag, ApiRun } from "../src/api.ts";
import { failureOf, postJson, type RequestFailure } from "./client.ts";
import { DialogButton } from "./dialog.tsx";
import { parsedParams } from "./form-fields.ts";
import { Problem } from "./parts.tsx";
import { navigate, runPath } from "./router.tsx";

export function StartButton({ dag }: { readonly dag: ApiDag }) {
  const label = (
    <>
      Start<span className="unseen"> {dag.dagId}</span>
    </>
  );
  return (
    <DialogButton title={`Start ${dag.dagId}`} label={label}>
      {(close) => <StartForm dag={dag} onClose={close} />}
    </DialogButton>
  );
}

interface StartFormProps {
  readonly dag: ApiDag;
  readonly onClose: () => void;
}

function StartForm({ dag, onClose }: StartFormProps) {
  // One id per opened dialog: pressing twice starts one run.
  const [requestId] = useState(() => crypto.randomUUID());
  const [key, setKey] = useState("");
  const [at, setAt] = useState("");
  const [params, setParams] = useState("{}");
  const [version, setVersion] = useState("");
  const [failure, setFailure] = useState<RequestFailure>();
  const hasParams = dag.params !== undefined;
  const ids = { key: useId(), at: useId(), params: useId(), version: useId() };
  const start = async (): Promise<void> => {
    try {
      const { run } = await postJson<{ run: ApiRun }>(
        `/api/dags/${encodeURIComponent(dag.dagId)}/runs`,
        {
          requestId,
          ...(key === "" ? {} : { key }),
          ...(at === "" ? {} : { logicalTime: new Date(at).toISOString() }),
          ...(version === "" ? {} : { version: Number(version) }),
          ...(hasParams ? { params: parsedParams(params) } : {}),
        },
      );
      onClose();
      navigate(runPath(run.runId));
    } catch (error) {
      setFailure(failureOf(error));
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void start();
      }}
    >
      <h2>Start {dag.dagId}</h2>
      {dag.paused && <p className="none">It is paused: the run waits until it is resumed.</p>}
      <label htmlFor={ids.at}>
        Logical time <span className="none">what the run is about; empty means now</span>
      </label>
      <input
        id={ids.at}
        type="datetime-local"
        value={at}
        onChange={(event) => setAt(event.target.value)}
      />
      <label htmlFor={ids.key}>
        Key <span className="none">one run per key; empty means a run of its own</span>
      </label>
      <input id={ids.key} value={key} onChange={(event) => setKey(event.target.value)} />
      <label htmlFor={ids.version}>
        Version <span className="none">empty means the current one, {dag.version}</span>
      </label>
      <input
        id={ids.version}
        type="number"
        min={1}
        max={dag.version}
        value={version}
        onChange={(event) => setVersion(event.target.value)}
      />
      {hasParams && (
        <>
          <label htmlFor={ids.params}>
            Parameters <span className="none">JSON</span>
          </label>
          <textarea
            id={ids.params}
            rows={6}
            value={params}
            onChange={(event) => setParams(event.target.value)}
          />
        </>
      )}
      {failure !== undefined && <Problem failure={failure} />}
      <div className="actions">
        <button type="button" onClick={onClose}>
          Close
        </button>
        <button type="submit" className="primary">
          Start
        </button>
      </div>
    </form>
  );
}
