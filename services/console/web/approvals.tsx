// What a run asks people: the question, its form, yes and no. And the page of all open questions.
import { useId, useState } from "react";
import type { ApiAnswered, ApiApproval, ApiApprovals, ApiRun } from "../src/api.ts";
import { failureOf, postJson, type RequestFailure } from "./client.ts";
import { fieldsOf, typedOf, valueOf, type FormField } from "./form-fields.ts";
import { useFresh, useJson, useNow } from "./live.ts";
import { Empty, Problem, Show, Title, When } from "./parts.tsx";
import { Link, dagPath, runPath } from "./router.tsx";

/** On a run's page: one box for each open question. */
export function Questions({ run, now }: { readonly run: ApiRun; readonly now: number }) {
  const asks = (run.tasks ?? []).some(({ state }) => state === "awaiting_approval");
  // The version makes the address new with every commit: a question that was answered goes away at once.
  const path = `/api/approvals?run=${encodeURIComponent(run.runId)}&version=${run.version}`;
  const { data } = useJson<ApiApprovals>(asks ? path : undefined);
  if (!asks) return null;
  return (data?.approvals ?? []).map((one) => (
    <Question key={`${one.task} ${one.attempt}`} question={one} now={now} />
  ));
}

type Typed = Readonly<Record<string, string | boolean>>;

function Question({ question, now }: { readonly question: ApiApproval; readonly now: number }) {
  const fields = fieldsOf(question.form);
  const [typed, setTyped] = useState<Typed>(() =>
    Object.fromEntries(fields.map((field) => [field.name, typedOf(field)])),
  );
  const [comment, setComment] = useState("");
  const [failure, setFailure] = useState<RequestFailure>();
  const [isSending, setSending] = useState(false);
  const answer = async (approve: boolean): Promise<void> => {
    setSending(true);
    setFailure(undefined);
    try {
      const values = approve ? valuesOf(fields, typed) : {};
      const { runId, task, attempt } = question;
      const body = { task, attempt, approve, comment, values };
      await postJson<ApiAnswered>(`/api/runs/${encodeURIComponent(runId)}/answer`, body);
    } catch (error) {
      setFailure(failureOf(error));
    }
    setSending(false);
  };
  return (
    <form
      className="question"
      aria-label={`Question of ${question.task}`}
      onSubmit={(event) => {
        event.preventDefault();
        void answer(true);
      }}
    >
      <h2>
        {question.task} <span className="none">asks</span>
      </h2>
      <p className="message">{question.message}</p>
      {fields.map((field) => (
        <Field
          key={field.name}
          field={field}
          typed={typed[field.name] ?? ""}
          set={(value) => setTyped({ ...typed, [field.name]: value })}
        />
      ))}
      <input
        aria-label="Comment"
        placeholder="Why? (kept with the answer)"
        maxLength={2_000}
        value={comment}
        onChange={(event) => setComment(event.target.value)}
      />
      <div className="actions">
        <button type="submit" className="primary" disabled={isSending}>
          Approve
        </button>
        <button
          type="button"
          className="danger"
          disabled={isSending}
          onClick={() => void answer(false)}
        >
          Reject
        </button>
        <Terms question={question} now={now} />
      </div>
      {failure !== undefined && <Problem failure={failure} />}
    </form>
  );
}

function valuesOf(fields: readonly FormField[], typed: Typed): Record<string, unknown> {
  const given = fields.map(
    (field) => [field.name, valueOf(field, typed[field.name] ?? "")] as const,
  );
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

interface FieldProps {
  readonly field: FormField;
  readonly typed: string | boolean;
  readonly set: (value: string | boolean) => void;
}

function Field({ field, typed, set }: FieldProps) {
  const id = useId();
  const { title, hint, kind, isRequired } = field;
  const label = (
    <label htmlFor={id}>
      {title}
      {isRequired && <span title="must be filled in"> *</span>}{" "}
      {hint !== "" && <span className="none">{hint}</span>}
    </label>
  );
  if (kind === "boolean")
    return (
      <div className="field switch">
        <input
          id={id}
          type="checkbox"
          checked={typed === true}
          onChange={(event) => set(event.target.checked)}
        />
        {label}
      </div>
    );
  const text = typeof typed === "string" ? typed : "";
  const common = { id, value: text, required: isRequired };
  return (
    <div className="field">
      {label}
      {kind === "choice" ? (
        <select {...common} onChange={(event) => set(event.target.value)}>
          {(!isRequired || text === "") && <option value="">–</option>}
          {field.choices.map((choice, index) => (
            <option key={index} value={index}>
              {typeof choice === "string" ? choice : JSON.stringify(choice)}
            </option>
          ))}
        </select>
      ) : (
        <input
          {...common}
          type={kind === "number" ? "number" : "text"}
          step={field.isInteger ? 1 : "any"}
          min={field.min}
          max={field.max}
          onChange={(event) => set(event.target.value)}
        />
      )}
    </div>
  );
}

/** Who may answer, and what becomes of it when nobody does. */
function Terms({ question, now }: { readonly question: ApiApproval; readonly now: number }) {
  const { approvers, untilTime, fallback } = question;
  return (
    <span className="none">
      {approvers.length === 0 ? "anybody may answer" : `for ${approvers.join(", ")}`}
      {untilTime !== undefined && (
        <>
          {", until "}
          <When at={untilTime} now={now} />
          {`, then ${fallback === undefined ? "it fails" : words[fallback]}`}
        </>
      )}
    </span>
  );
}

const words: Readonly<Record<string, string>> = {
  approve: "it is approved",
  reject: "it is rejected",
};

/** In the bar: the way there, and how many questions are open. */
export function ApprovalsLink({ current }: { readonly current: boolean }) {
  const { data } = useFresh<ApiApprovals>("/api/approvals?page_size=1");
  const total = data?.total ?? 0;
  return (
    <Link to="/approvals" current={current}>
      Approvals
      {total > 0 && (
        <>
          {" "}
          <span className="count">{total}</span>
        </>
      )}
    </Link>
  );
}

export function ApprovalsPage() {
  const loaded = useFresh<ApiApprovals>("/api/approvals");
  const now = useNow();
  return (
    <>
      <Title>Approvals</Title>
      <div className="head">
        <h1>Approvals</h1>
      </div>
      <Show loaded={loaded}>
        {({ approvals, total }) =>
          approvals.length === 0 ? (
            <Empty>Nothing waits for an approval.</Empty>
          ) : (
            <>
              <table className="list">
                <thead>
                  <tr>
                    <th scope="col">DAG</th>
                    <th scope="col">Question</th>
                    <th scope="col">Asked</th>
                    <th scope="col">Terms</th>
                  </tr>
                </thead>
                <tbody>
                  {approvals.map((one) => (
                    <ApprovalRow key={`${one.runId} ${one.task}`} one={one} now={now} />
                  ))}
                </tbody>
              </table>
              {total > approvals.length && (
                <p className="none">and {total - approvals.length} more</p>
              )}
            </>
          )
        }
      </Show>
    </>
  );
}

function ApprovalRow({ one, now }: { readonly one: ApiApproval; readonly now: number }) {
  return (
    <tr>
      <td data-name="DAG">
        <Link to={dagPath(one.dagId)} className="quiet">
          {one.dagId}
        </Link>
      </td>
      <td data-name="Question" className="main">
        <Link to={`${runPath(one.runId)}?task=${encodeURIComponent(one.task)}`}>{one.message}</Link>
        <div className="none">{one.task}</div>
      </td>
      <td data-name="Asked">
        <When at={one.askedTime} now={now} />
      </td>
      <td data-name="Terms">
        <Terms question={one} now={now} />
      </td>
    </tr>
  );
}
