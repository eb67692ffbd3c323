// For integration tests: incidents on a real PostgreSQL and the sandbox's Slack; a test waits for what the sender says.
import { noTelemetry, openDatabase, type Database } from "@chasqui/chassis";
import { startSlack, type SlackStandIn } from "@chasqui/sandbox";
import { TestPostgres, migrated } from "../../../../tests/support/index.ts";
import type { Channel } from "../core/asked.ts";
import type { Notice } from "../core/facts.ts";
import { type HandleDeps, tell } from "../handle.ts";
import type { Slack } from "../ports/slack.ts";
import { webApiSlack } from "../ports/web-api-slack.ts";
import { type Sender, type SenderDeps, startSender } from "../sender.ts";
import { listIncidents } from "../store/list-incidents.ts";
import type { IncidentRow } from "../store/incident-row.ts";

/** Longer than a call to Slack may take, as in production: whoever is slower leaves a twin. */
const LEASE_MS = 4_000;
const CALL_MS = 1_500;

export interface TestNotifier extends AsyncDisposable {
  readonly slack: SlackStandIn;
  readonly database: Database;
  readonly deps: HandleDeps;
  readonly client: Slack;
  channels: readonly Channel[];
  /** What the state machine says of any question. */
  isOpen: boolean;
  tell(...notices: readonly Notice[]): Promise<void>;
  /** A running sender; `client` in place of the real one. */
  sender(client?: Slack): Sender;
  incidents(): Promise<IncidentRow[]>;
  /** Resolves when the sender has said something after which the condition holds. */
  until(condition: () => boolean | Promise<boolean>): Promise<void>;
}

export const all = (channel: string): Channel => ({
  channel,
  asked: { failed: true, retrying: true, succeeded: true },
});

export async function testNotifier(): Promise<TestNotifier> {
  const stack = new AsyncDisposableStack();
  const slack = stack.use(await startSlack({ port: 0 }));
  const store = stack.use(await TestPostgres.database({ template: migrated("alert-notifier") }));
  const database = openDatabase(store.url, { connectionsMax: 6, applicationName: "alerts test" });
  stack.defer(() => database.end());
  const client = webApiSlack({ token: "xoxb-test", apiUrl: slack.apiUrl }, { timeoutMs: CALL_MS });
  const senders: Sender[] = [];
  stack.defer(async () => void (await Promise.all(senders.map((one) => one.stop(0)))));
  const said = signals();
  const wake = (): void => senders.forEach((one) => one.wake());
  const t: TestNotifier = {
    slack,
    database,
    client,
    channels: [all("#ops")],
    isOpen: true,
    deps: {
      sql: database.sql,
      alertsOf: () => Promise.resolve({ channels: t.channels, allowedToFail: new Set<string>() }),
      isOpen: () => Promise.resolve(t.isOpen),
      onChanged: wake,
    },
    async tell(...notices) {
      for (const notice of notices) await tell(notice, "", t.deps);
    },
    sender(slackClient = client) {
      const sender = startSender(senderDeps(database, slackClient, said.say));
      senders.push(sender);
      return sender;
    },
    incidents: () => listIncidents(database.sql, { runId: "", limit: 100 }),
    until: said.until,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
  return t;
}

function senderDeps({ sql }: Database, slack: Slack, say: () => void): SenderDeps {
  return {
    sql,
    slack: () => Promise.resolve(slack),
    linksOf: () => ({ run: undefined, trace: undefined, traceId: undefined }),
    telemetry: noTelemetry,
    log: { info: say, warn: say, error: say },
    leaseMs: LEASE_MS,
    doubtMs: 50,
    pollMs: 100,
  };
}

/** A condition is looked at again each time something was said, and a little later, when it is stored. */
function signals() {
  const waiting = new Set<() => void>();
  const say = (): void => {
    for (const look of waiting) look();
  };
  const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
    while (!(await condition())) {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.add(resolve);
      const poll = setInterval(resolve, 20);
      await promise;
      clearInterval(poll);
      waiting.delete(resolve);
    }
  };
  return { say, until };
}
