// The Slack client of the environment's connection, loaded and made with the first message, and made anew when a token
// was rotated: a service that mostly waits does not hold 9 MB for it.
import { connectionOf, type EnvironmentFile } from "@chasqui/chassis";
import type { Slack } from "./ports/slack.ts";
import type { SlackConnection } from "./ports/web-api-slack.ts";

export function slackClient(
  file: EnvironmentFile,
  { connection, timeoutMs }: { readonly connection: string; readonly timeoutMs: number },
): () => Promise<Slack> {
  let made: { readonly from: SlackConnection; readonly slack: Slack } | undefined;
  return async () => {
    const from = slackConnection(file, connection);
    const { webApiSlack } = await import("./ports/web-api-slack.ts");
    if (made?.from.token !== from.token || made.from.apiUrl !== from.apiUrl)
      made = { from, slack: webApiSlack(from, { timeoutMs }) };
    return made.slack;
  };
}

function slackConnection(file: EnvironmentFile, name: string): SlackConnection {
  const { token, api_url: apiUrl } = connectionOf(file, name, "slack", process.env);
  return { token, apiUrl };
}
