// The frame of every page: where one is, where one can go, and whose installation this is.
import type { ApiServer } from "../src/api.ts";
import { ApprovalsLink, ApprovalsPage } from "./approvals.tsx";
import { DagPage } from "./dag-page.tsx";
import { DagsPage } from "./dags-page.tsx";
import { later } from "./later.tsx";
import { useJson } from "./live.ts";
import { Empty } from "./parts.tsx";
import { Link, usePlace, type Place } from "./router.tsx";
import { RunPage } from "./run-page.tsx";
import { RunsPage } from "./runs-page.tsx";

const BackfillPage = later(async () => (await import("./backfills-page.tsx")).BackfillPage);
const BackfillsPage = later(async () => (await import("./backfills-page.tsx")).BackfillsPage);
const TriggersPage = later(async () => (await import("./triggers-page.tsx")).TriggersPage);

export function App() {
  const place = usePlace();
  const server = useJson<ApiServer>("/api/server");
  const section = place.path[0] ?? "runs";
  return (
    <>
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <header className="bar">
        <Link to="/" className="brand" title="Chasqui">
          <img src="/icon.svg" alt="" width="24" height="24" />
          Chasqui
        </Link>
        <nav aria-label="Sections">
          <Link to="/" current={section === "runs"}>
            Runs
          </Link>
          <Link to="/dags" current={section === "dags"}>
            DAGs
          </Link>
          <Link to="/backfills" current={section === "backfills"}>
            Backfills
          </Link>
          <Link to="/triggers" current={section === "triggers"}>
            Triggers
          </Link>
          <ApprovalsLink current={section === "approvals"} />
        </nav>
        <div className="aside">
          <Outside server={server.data} />
          {server.data !== undefined && (
            <span
              className={`environment ${server.data.environment}`}
              title={`Version ${server.data.version}, gRPC at ${server.data.grpc}`}
            >
              {server.data.environment}
            </span>
          )}
        </div>
      </header>
      <main id="content" tabIndex={-1}>
        <Page place={place} links={server.data?.links ?? {}} />
      </main>
    </>
  );
}

function Page({ place, links }: { readonly place: Place; readonly links: ApiServer["links"] }) {
  const [section = "runs", id] = place.path;
  if (section === "runs" && id !== undefined)
    return <RunPage key={id} runId={id} query={place.query} links={links} />;
  if (section === "runs") return <RunsPage query={place.query} />;
  if (section === "dags" && id !== undefined) return <DagPage key={id} dagId={id} />;
  if (section === "dags") return <DagsPage />;
  if (section === "backfills" && id !== undefined) return <BackfillPage key={id} backfillId={id} />;
  if (section === "backfills") return <BackfillsPage />;
  if (section === "approvals") return <ApprovalsPage />;
  if (section === "triggers") return <TriggersPage query={place.query} />;
  return (
    <Empty>
      There is no page here. <Link to="/">See the runs</Link>.
    </Empty>
  );
}

/** Where mails and messages can be looked at, when this installation has such a place. */
function Outside({ server }: { readonly server: ApiServer | undefined }) {
  const { mail, slack } = server?.links ?? {};
  return (
    <>
      {mail !== undefined && <a href={mail}>Mails</a>}
      {slack !== undefined && <a href={slack}>Slack</a>}
    </>
  );
}
