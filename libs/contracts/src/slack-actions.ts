// The buttons under a question in Slack: said by whoever posts them, understood by whoever is told of a press.
export const slackActions = { approve: "chasqui_approve", reject: "chasqui_reject" } as const;
