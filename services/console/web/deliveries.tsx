// Who got a report and who did not: those without one first, with the reason, since that is what people ask.
import type { ApiDelivery, ApiRun } from "../src/api.ts";
import { plural } from "./format.ts";
import { useJson } from "./live.ts";
import { Empty, Show, When } from "./parts.tsx";
import { StateTag, isSettled } from "./state.tsx";

const order: readonly ApiDelivery["state"][] = [
  "unconfirmed",
  "failed",
  "left_out",
  "claimed",
  "unknown",
  "sent",
];

export function Deliveries({ run, now }: { readonly run: ApiRun; readonly now: number }) {
  const path = `/api/runs/${encodeURIComponent(run.runId)}/deliveries`;
  const loaded = useJson<{ deliveries: ApiDelivery[] }>(path, isSettled(run.state) ? 0 : 2_000);
  return (
    <section className="deliveries" aria-label="Report mails">
      <h2>Report mails</h2>
      <Show loaded={loaded}>
        {({ deliveries }) =>
          deliveries.length === 0 ? (
            <Empty>No mail was due yet.</Empty>
          ) : (
            <>
              <p className="summary">{summaryOf(deliveries)}</p>
              <Table
                caption="Who got none, and why"
                deliveries={deliveries.filter(({ state }) => state !== "sent")}
                now={now}
              />
              <details open={deliveries.every(({ state }) => state === "sent")}>
                <summary>Who got one</summary>
                <Table deliveries={deliveries.filter(({ state }) => state === "sent")} now={now} />
              </details>
            </>
          )
        }
      </Show>
    </section>
  );
}

function summaryOf(deliveries: readonly ApiDelivery[]): string {
  const counts = order.toReversed().flatMap((state) => {
    const count = deliveries.filter((delivery) => delivery.state === state).length;
    return count === 0 ? [] : [`${count} ${state.replaceAll("_", " ")}`];
  });
  return `${plural(deliveries.length, "recipient")}: ${counts.join(", ")}`;
}

interface TableProps {
  readonly caption?: string;
  readonly deliveries: readonly ApiDelivery[];
  readonly now: number;
}

function Table({ caption, deliveries, now }: TableProps) {
  if (deliveries.length === 0) return null;
  const sorted = deliveries.toSorted(
    (a, b) =>
      order.indexOf(a.state) - order.indexOf(b.state) || (a.recipientKey < b.recipientKey ? -1 : 1),
  );
  return (
    <table className="list">
      {caption !== undefined && <caption>{caption}</caption>}
      <thead>
        <tr>
          <th scope="col">Recipient</th>
          <th scope="col">State</th>
          <th scope="col">Why</th>
          <th scope="col">Report</th>
          <th scope="col">When</th>
        </tr>
      </thead>
      <tbody>
        {sorted.map((delivery) => (
          <tr key={`${delivery.report} ${delivery.period} ${delivery.recipientKey}`}>
            <td data-name="Recipient" className="main">
              {delivery.recipientKey}
              {delivery.address !== "" && <div className="kind">{delivery.address}</div>}
            </td>
            <td data-name="State">
              <StateTag state={delivery.state} />
            </td>
            <td data-name="Why">
              {delivery.reason === "" ? <span className="none">–</span> : delivery.reason}
            </td>
            <td data-name="Report">
              {delivery.report} <span className="none">{delivery.period}</span>
            </td>
            <td data-name="When">
              <When at={delivery.time} now={now} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
