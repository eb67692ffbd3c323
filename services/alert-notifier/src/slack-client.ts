// The Slack client of the environment's connection, made with the first message and anew when a token was rotated.
import { resolveConnection, type EnvironmentFile } from "@chasqui/chassis";
import type { Slack } from "./ports/slack.ts";
import { type SlackConnection, webApiSlack } from "./ports/web-api-slack.ts";

export function slackClient(
  file: EnvironmentFile,
  { connection, timeoutMs }: { readonly connection: string; readonly timeoutMs: number },
): () => Slack {
  let made: { readonly from: SlackConnection; readonly slack: Slack } | undefined;
  return () => {
    const from = slackConnection(file, connection);
    if (made?.from.token !== from.token || made.from.apiUrl !== from.apiUrl)
      made = { from, slack: webApiSlack(from, { timeoutMs }) };
    return made.slack;
  };
}

function slackConnection(file: EnvironmentFile, name: string): SlackConnection {
  const values = resolveConnection(file, name, process.env);
  const { type, token, api_url: apiUrl } = values;
  if (type !== "slack")
    throw new Error(`connection ${name} is of type ${JSON.stringify(type)}: want slack`);
  if (typeof token !== "string") throw new Error(`connection ${name}: token is missing`);
  return { token, apiUrl: typeof apiUrl === "string" ? apiUrl : undefined };
}
