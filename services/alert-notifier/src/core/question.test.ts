// A question as an incident: what it says, who is offered what, how it ends.
import { expect, test } from "vitest";
import { answered, askedFor, run } from "../testing/notices.ts";
import { type Block, messageOf } from "./blocks.ts";
import { type Facts, fold, type Notice } from "./facts.ts";
import { stateOf } from "./incident-state.ts";

const actions = { approve: "chasqui_approve", reject: "chasqui_reject" };
const asked = { failed: true, retrying: false, succeeded: false };
const links = { run: "http://console.example/runs/r", trace: undefined, traceId: undefined };

function facts(...notices: readonly Notice[]): Facts {
  const all = notices.reduce<Facts | undefined>((known, one) => fold(known, one, asked), undefined);
  if (all === undefined) throw new Error("nothing was opened");
  return all;
}
const buttons = (blocks: readonly Block[]) =>
  blocks.flatMap((block) => (block.type === "actions" ? block.elements : []));

test("yes or no can be said in Slack, where the app is told of it", () => {
  const message = messageOf(facts(askedFor(2)), { ...links, actions });
  expect(message.text).toBe("[prod] carrier-daily-costs: go asks for approval");
  expect(JSON.stringify(message.blocks)).toContain("Publish &lt;the&gt; prices?");
  const value = JSON.stringify({ run: run(2).runId, task: "go", attempt: 1 });
  expect(buttons(message.blocks)).toMatchObject([
    { text: { text: "Approve" }, action_id: "chasqui_approve", value },
    { text: { text: "Reject" }, action_id: "chasqui_reject", value },
  ]);
});

test.each([
  ["a form", askedFor(2, { hasForm: true }), actions],
  ["an app that is not told", askedFor(2), undefined],
])("%s: the console is where one answers", (_, notice, known) => {
  const { blocks } = messageOf(facts(notice), { ...links, actions: known });
  expect(buttons(blocks)).toMatchObject([
    { text: { text: "Answer in the console" }, url: links.run },
  ]);
});

test("answered: who and why, and no button any more", () => {
  const closed = facts(askedFor(2), answered(3));
  expect(stateOf(closed)).toBe("answered");
  const { text, blocks } = messageOf(closed, { ...links, actions });
  expect(text).toBe("[prod] carrier-daily-costs: go was approved");
  expect(JSON.stringify(blocks)).toContain("*approved* by slack:U1: fine");
  expect(buttons(blocks)).toEqual([]);
  expect(fold(closed, answered(3), asked)).toBe(closed);
});

test("an end that is known only as such gives way to how it ended", () => {
  const end = (outcome: "closed" | "rejected"): Notice => {
    const notice = answered(3);
    if (notice.what !== "approval-closed") throw new Error("no end");
    return { ...notice, closing: { outcome, by: "", comment: "" } };
  };
  const known = facts(askedFor(2), end("closed"));
  expect(known.question?.closing?.outcome).toBe("closed");
  const told = fold(known, end("rejected"), asked);
  expect(told?.question?.closing?.outcome).toBe("rejected");
  expect(told && fold(told, end("closed"), asked)).toBe(told);
});
