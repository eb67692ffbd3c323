// Questions and answers on the command line, against a made-up server.
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { startFakeServer } from "../testing/fake-server.ts";
import { invoke } from "../testing/invoke.ts";

const RUN = "run-0123456789abcdefghjkmnpqrs";
const question = {
  ...{ runId: RUN, dagId: "prices", task: "publish", attempt: 1, message: "Publish\nthe prices?" },
  approvers: ["ana", "ben"],
  fallback: "reject",
  form: { properties: { version: { type: "string" }, amount: { type: "number" } } },
  askedTime: timestampFromMs(Date.parse("2026-10-07T12:00:00Z")),
  untilTime: timestampFromMs(Date.parse("2026-10-08T12:00:00Z")),
};

test("approvals: what is asked, since when, until when, whom", async () => {
  await using server = await startFakeServer({ approvals: [question] });
  const { code, out } = await invoke(["approvals", "--dag", "prices"], { server: server.url });
  expect(code).toBe(0);
  expect(out).toMatch(
    /prices run-0123456789ab +publish +2026-10-07 .*, then reject +ana, ben +Publish the prices\?/,
  );
  expect(server.calls[0]?.request).toMatchObject({ dagId: "prices", runId: "" });
  const json = await invoke(["approvals", "--json"], { server: server.url });
  expect(JSON.parse(json.out)).toMatchObject({
    total: 1,
    approvals: [{ task: "publish", on_reject: "fail", default: "reject" }],
  });
});

test("approve: values are what the form's fields want", async () => {
  await using server = await startFakeServer({ approvals: [question] });
  const { code, out } = await invoke(
    ["approve", RUN, "--comment", "fine", "--value", "version=3", "--value", "amount=3"],
    { server: server.url },
  );
  expect(code).toBe(0);
  expect(out).toBe(`approved publish of ${RUN}: it is succeeded\n`);
  expect(server.calls.at(-1)).toMatchObject({
    name: "answerApproval",
    principal: "user:ana",
    request: { approve: true, comment: "fine", values: { version: "3", amount: 3 } },
  });
});

test("reject names the task; a value without = is a wrong command line", async () => {
  await using server = await startFakeServer({ approvals: [question] });
  const { out } = await invoke(["reject", RUN, "publish", "--json"], { server: server.url });
  expect(JSON.parse(out)).toEqual({
    ...{ run_id: RUN, task: "publish", state: "failed", changed: true },
  });
  const wrong = await invoke(["reject", RUN, "--value", "amount"], { server: server.url });
  expect(wrong).toMatchObject({ code: 2 });
  expect(wrong.err).toContain('--value "amount": want name=value');
});
