// What `npm start` shows at the end: who got which mail, who got none and why, and where to look.
import { DeliveryState } from "../../libs/contracts/src/index.ts";
import type { Delivery } from "../../libs/contracts/src/index.ts";
import type { World } from "../../libs/sandbox/src/index.ts";
import type { Narrator } from "./narrator.ts";

export function printDeliveries(deliveries: readonly Delivery[], say: Narrator): void {
  const sent = deliveries.filter(({ state }) => state === DeliveryState.SENT);
  const others = deliveries.filter(({ state }) => state !== DeliveryState.SENT);
  say.note(
    `\n${sent.length} mails sent: ${sent.map(({ recipientKey }) => recipientKey).join(", ")}`,
  );
  for (const { recipientKey, state, reason } of others)
    say.note(`  ${recipientKey}: ${wordOf(state)}: ${reason}`);
}

function wordOf(state: DeliveryState): string {
  if (state === DeliveryState.LEFT_OUT) return "got none";
  if (state === DeliveryState.UNCONFIRMED) return "unconfirmed";
  return state === DeliveryState.FAILED ? "failed" : "being sent";
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
