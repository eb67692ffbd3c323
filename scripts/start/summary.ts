// What `npm start` shows at the end: who got which mail, who got none and why, what Slack was told, where to look.
import { DeliveryState } from "@chasqui/contracts";
import type { Delivery } from "@chasqui/contracts";
import type { World } from "@chasqui/sandbox";
import type { Narrator } from "./narrator.ts";

export function printDeliveries(deliveries: readonly Delivery[], say: Narrator): void {
  const sent = deliveries.filter(({ state }) => state === DeliveryState.SENT);
  const others = deliveries.filter(({ state }) => state !== DeliveryState.SENT);
  say.note(
    `\n${sent.length} mails sent: ${sent.map(({ recipientKey }) => recipientKey).join(", ")}`,
  );
  for (const { recipientKey, state, reason } of others)
    say.note(`  ${recipientKey} ${wordOf(state)}: ${reason}`);
}

function wordOf(state: DeliveryState): string {
  if (state === DeliveryState.LEFT_OUT) return "got none";
  if (state === DeliveryState.UNCONFIRMED) return "is unconfirmed";
  return state === DeliveryState.FAILED ? "failed" : "is being sent";
}

interface SlackMessage {
  readonly channel?: string;
  readonly channelName?: string;
  readonly text?: string;
}
const SLACK_MS_MAX = 5_000;
const LOOK_EVERY_MS = 100;
/** "[local] example-failing failed: …", not the word about a task of it. */
const RUN_SETTLED = /^\[[a-z]+\] \S+ failed: /;

/** The alert follows the run by a moment, and is edited when the run has settled: that is waited for. */
export async function printSlack(world: World, runId: string, say: Narrator): Promise<void> {
  const until = performance.now() + SLACK_MS_MAX;
  let told: string | undefined;
  while (performance.now() < until) {
    const response = await fetch(`${world.sandbox.slack}/sandbox/messages`);
    const body = (await response.json()) as { messages?: SlackMessage[] } | SlackMessage[];
    const messages = Array.isArray(body) ? body : (body.messages ?? []);
    told = messages.find((message) => JSON.stringify(message).includes(runId))?.text ?? told;
    if (told !== undefined && RUN_SETTLED.test(told)) break;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  if (told === undefined)
    say.note("\nSlack was not told within 5 s: see the log of alert-notifier");
  else say.note(`\nSlack was told: ${told}`);
}

export function printAddresses(world: World, say: Narrator): void {
  const { sandbox, serverUrl } = world;
  say.note(`
Console  ${serverUrl}
Mails    ${sandbox.mail}
Slack    ${sandbox.slack}
Traces   ${sandbox.otlp}

Try      npx chasqui runs
         npx chasqui trace carrier-daily-costs
         save a file in dags/ and see it applied
Ctrl-C ends everything; the next start finds these runs again.
`);
}
