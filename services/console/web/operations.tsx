// What a person can do to a run or to one of its tasks. Asked twice, with what would change and a line for the audit.
import { useState } from "react";
import type { ApiOperation, ApiRun, ApiTask } from "../src/api.ts";
import { failureOf, postJson, type RequestFailure } from "./client.ts";
import { Why } from "./dialog.tsx";
import { useDryRun } from "./dry-run.ts";
import { keyOf } from "./format.ts";
import { Problem } from "./parts.tsx";
import { navigate, runPath } from "./router.tsx";
import { isSettled, wordOf } from "./state.tsx";

interface Operation {
  readonly label: string;
  /** Below /api/runs/<run>. */
  readonly path: string;
  readonly body: object;
  readonly yes: string;
  readonly isDangerous?: boolean;
  /** It makes another run: the page goes there. */
  readonly isNewRun?: boolean;
}

const retry: Operation = {
  label: "Retry failed",
  path: "clear",
  body: { onlyFailed: true, downstream: true },
  yes: "Yes, do them again",
};
const rerun: Operation = {
  label: "Rerun",
  path: "rerun",
  body: { version: "newest" },
  yes: "Yes, as a new run",
  isNewRun: true,
};
const cancel: Operation = {
  label: "Cancel run",
  path: "cancel",
  body: {},
  yes: "Yes, cancel it",
  isDangerous: true,
};

export function RunOperations({ run }: { readonly run: ApiRun }) {
  if (run.state === "cancelling")
    return <span className="none">waiting until everything is gone</span>;
  const isRed = run.state === "failed" || run.state === "cancelled";
  const all = isSettled(run.state) ? [...(isRed ? [retry] : []), rerun] : [cancel];
  return <Operations run={run} all={all} />;
}

/** Of a task: do it again with all that follows, or take it for something else. */
export function TaskOperations({ run, task }: { readonly run: ApiRun; readonly task: ApiTask }) {
  if (run.state === "cancelling" || run.startedTime === undefined) return null;
  const name = keyOf(task);
  const clear: Operation = {
    label: "Clear",
    path: "clear",
    body: { tasks: [name], downstream: true },
    yes: "Yes, do it and what follows again",
  };
  const marks = (["succeeded", "failed", "skipped"] as const)
    .filter((state) => state !== task.state)
    .map((state) => ({
      label: `Mark ${state}`,
      path: "mark",
      body: { task: name, state },
      yes: `Yes, mark it ${state}`,
    }));
  return <Operations run={run} all={task.state === "waiting" ? marks : [clear, ...marks]} />;
}

function Operations({ run, all }: { readonly run: ApiRun; readonly all: readonly Operation[] }) {
  const [asked, setAsked] = useState<string>();
  const operation = all.find(({ label }) => label === asked);
  if (operation !== undefined)
    return (
      <Confirm key={asked} run={run} operation={operation} close={() => setAsked(undefined)} />
    );
  return all.map(({ label }) => (
    <button type="button" key={label} onClick={() => setAsked(label)}>
      {label}
    </button>
  ));
}

interface ConfirmProps {
  readonly run: ApiRun;
  readonly operation: Operation;
  readonly close: () => void;
}

function Confirm({ run, operation, close }: ConfirmProps) {
  const [reason, setReason] = useState("");
  const [failure, setFailure] = useState<RequestFailure>();
  const { path, body, yes, isDangerous = false, isNewRun = false } = operation;
  const url = `/api/runs/${encodeURIComponent(run.runId)}/${path}`;
  const act = async (): Promise<void> => {
    try {
      const answer = await postJson<ApiOperation>(url, { ...body, reason });
      close();
      if (isNewRun && answer.run !== undefined) navigate(runPath(answer.run.runId));
    } catch (error) {
      setFailure(failureOf(error));
    }
  };
  return (
    <form
      className="confirm"
      onSubmit={(event) => {
        event.preventDefault();
        void act();
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") close();
      }}
    >
      <Why reason={reason} setReason={setReason} />
      <button type="submit" className={isDangerous ? "danger" : ""}>
        {yes}
      </button>
      <button type="button" onClick={close}>
        Keep it
      </button>
      <WouldChange url={url} body={body} />
      {failure !== undefined && <Problem failure={failure} />}
    </form>
  );
}

const SHOWN_MAX = 8;

/** The dry run, in a line. */
function WouldChange({ url, body }: { readonly url: string; readonly body: object }) {
  const changes = useDryRun<ApiOperation>(url, body)?.changes ?? [];
  if (changes.length === 0) return null;
  const shown = changes.slice(0, SHOWN_MAX);
  const more = changes.length - shown.length;
  return (
    <p className="none">
      {shown.map((one) => `${keyOf(one)} ${wordOf(one.from)} → ${wordOf(one.to)}`).join(", ")}
      {more > 0 && ` and ${more} more`}
    </p>
  );
}
