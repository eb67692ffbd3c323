// Making a backfill: which dates, what of those that have a run, and, before the button that does it, what would happen.
import { useId, useState } from "react";
import type { ApiBackfillDate, ApiBackfillDates, ApiDag } from "../src/api.ts";
import {
  backfillRequestOf,
  emptyBackfill,
  type BackfillRequest,
  type TypedBackfill,
} from "./backfill-request.ts";
import { failureOf, postJson, type RequestFailure } from "./client.ts";
import { inZone, plural } from "./format.ts";
import { Chips, Problem } from "./parts.tsx";
import { Link, backfillPath, navigate, runPath } from "./router.tsx";

/** What was asked, and what it would do. */
interface Foreseen {
  readonly request: BackfillRequest;
  readonly dates: readonly ApiBackfillDate[];
}

export interface BackfillFormProps {
  readonly dag: ApiDag;
  readonly onClose: () => void;
}

export function BackfillForm({ dag, onClose }: BackfillFormProps) {
  const [typed, setTyped] = useState(emptyBackfill);
  const [foreseen, setForeseen] = useState<Foreseen>();
  const [failure, setFailure] = useState<RequestFailure>();
  const [isBusy, setBusy] = useState(false);
  const url = `/api/dags/${encodeURIComponent(dag.dagId)}/backfills`;
  const trying = async (work: () => Promise<void>): Promise<void> => {
    setBusy(true);
    setFailure(undefined);
    try {
      await work();
    } catch (error) {
      setFailure(failureOf(error));
    }
    setBusy(false);
  };
  const foresee = async (): Promise<void> => {
    // One id for what was looked at: pressing twice makes one backfill.
    const request = backfillRequestOf(typed, crypto.randomUUID());
    const { dates } = await postJson<ApiBackfillDates>(url, { ...request, dryRun: true });
    setForeseen({ request, dates });
  };
  const make = async ({ request }: Foreseen): Promise<void> => {
    const { backfill } = await postJson<ApiBackfillDates>(url, request);
    onClose();
    navigate(backfillPath(backfill.backfillId));
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void trying(() => (foreseen === undefined ? foresee() : make(foreseen)));
      }}
    >
      <h2>Backfill {dag.dagId}</h2>
      {dag.paused && <p className="none">It is paused: nothing starts until it is resumed.</p>}
      {foreseen === undefined ? (
        <Fields dag={dag} typed={typed} change={(to) => setTyped({ ...typed, ...to })} />
      ) : (
        <WouldHappen dag={dag} foreseen={foreseen} />
      )}
      {failure !== undefined && <Problem failure={failure} />}
      <div className="actions">
        <button
          type="button"
          onClick={foreseen === undefined ? onClose : () => setForeseen(undefined)}
        >
          {foreseen === undefined ? "Close" : "Change"}
        </button>
        <button
          type="submit"
          className="primary"
          disabled={isBusy || foreseen?.dates.every(isSkipped) === true}
        >
          {foreseen === undefined
            ? "See what would happen"
            : `Start ${plural(startedBy(foreseen), "run")}`}
        </button>
      </div>
    </form>
  );
}

const isSkipped = ({ state }: ApiBackfillDate): boolean => state === "skipped";
const startedBy = ({ dates }: Foreseen): number => dates.filter((date) => !isSkipped(date)).length;

interface FieldsProps {
  readonly dag: ApiDag;
  readonly typed: TypedBackfill;
  readonly change: (to: Partial<TypedBackfill>) => void;
}

function Fields({ dag, typed, change }: FieldsProps) {
  const id = useId();
  const zone = dag.schedule?.timezone ?? "UTC";
  return (
    <>
      <Chips
        label="Which dates"
        choices={{ span: "From … to", dates: "Single dates" }}
        chosen={typed.which}
        choose={(which) => change({ which })}
      />
      <p className="none">
        What the runs are about: days, local times in {zone} (2026-10-01T06:00), or instants.
      </p>
      {typed.which === "span" ? (
        <Span typed={typed} change={change} />
      ) : (
        <>
          <label htmlFor={`${id}dates`}>
            Dates <span className="none">with spaces, commas or lines between</span>
          </label>
          <textarea
            id={`${id}dates`}
            rows={4}
            required
            placeholder="2026-10-06 2026-10-13"
            value={typed.dates}
            onChange={(event) => change({ dates: event.target.value })}
          />
        </>
      )}
      <span className="label">A date that has a run</span>
      <Chips
        label="Reprocess"
        choices={{ none: "Leave it", failed: "Again if it failed", all: "Always again" }}
        chosen={typed.reprocess}
        choose={(reprocess) => change({ reprocess })}
      />
      <span className="label">Order</span>
      <Chips
        label="Order"
        choices={{ oldest: "Oldest first", newest: "Newest first" }}
        chosen={typed.order}
        choose={(order) => change({ order })}
      />
      <label htmlFor={`${id}at-once`}>
        Runs at once <span className="none">at most; beside the DAG's live ones</span>
      </label>
      <input
        id={`${id}at-once`}
        type="number"
        min={1}
        required
        value={typed.maxActive}
        onChange={(event) => change({ maxActive: event.target.value })}
      />
      {dag.params !== undefined && (
        <>
          <label htmlFor={`${id}params`}>
            Parameters <span className="none">JSON; of all its runs</span>
          </label>
          <textarea
            id={`${id}params`}
            rows={3}
            value={typed.params}
            onChange={(event) => change({ params: event.target.value })}
          />
        </>
      )}
      <label htmlFor={`${id}reason`}>
        Reason <span className="none">shown with it</span>
      </label>
      <input
        id={`${id}reason`}
        value={typed.reason}
        onChange={(event) => change({ reason: event.target.value })}
      />
    </>
  );
}

function Span({ typed, change }: Pick<FieldsProps, "typed" | "change">) {
  const id = useId();
  return (
    <div className="pair">
      <div>
        <label htmlFor={`${id}from`}>From</label>
        <input
          id={`${id}from`}
          required
          placeholder="2026-10-01"
          value={typed.from}
          onChange={(event) => change({ from: event.target.value })}
        />
      </div>
      <div>
        <label htmlFor={`${id}to`}>
          To <span className="none">included; empty means now</span>
        </label>
        <input
          id={`${id}to`}
          placeholder="2026-10-31"
          value={typed.to}
          onChange={(event) => change({ to: event.target.value })}
        />
      </div>
    </div>
  );
}

/** The dry run: each date, in the order of its turn. */
function WouldHappen({ dag, foreseen }: { readonly dag: ApiDag; readonly foreseen: Foreseen }) {
  const { dates, request } = foreseen;
  const started = startedBy(foreseen);
  const zone = dag.schedule?.timezone ?? "UTC";
  return (
    <>
      <p role="status">
        {plural(started, "run")} would start, at most {request.maxActive} at once;{" "}
        {plural(dates.length - started, "date")} would be skipped. Nothing is done yet.
      </p>
      <div className="scrolled" role="region" aria-label="What would happen" tabIndex={0}>
        <table className="list">
          <thead>
            <tr>
              <th scope="col">About</th>
              <th scope="col">What</th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            {dates.map((date) => (
              <tr key={date.dueTime}>
                <td data-name="About" className="main">
                  {date.logicalTime.replace(".000Z", "Z")}
                  <div className="kind">{inZone(date.logicalTime, zone)}</div>
                </td>
                <td data-name="What">
                  <span className={`tag ${isSkipped(date) ? "off" : "busy"}`}>
                    {isSkipped(date) ? "skipped" : "starts"}
                  </span>
                </td>
                <td data-name="Why">
                  <div className="why">
                    {isSkipped(date) && date.runId !== undefined ? (
                      <Link to={runPath(date.runId)}>{date.reason}</Link>
                    ) : (
                      date.reason
                    )}
                  </div>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
