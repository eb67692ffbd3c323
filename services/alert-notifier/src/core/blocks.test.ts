// The Slack message: what it says, and that Slack takes it whatever the facts hold.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyText } from "../../../../tests/support/any-text.ts";
import { autoPaused, failed, failure, retrying, settled } from "../testing/notices.ts";
import { type Block, type Links, messageOf } from "./blocks.ts";
import { type Asked, type Facts, fold, type Notice } from "./facts.ts";

const asked: Asked = { failed: true, retrying: true, succeeded: true };
const links: Links = {
  run: "http://127.0.0.1:8080/runs/run-1",
  trace: "http://127.0.0.1:16686/trace/abc",
  traceId: "abc",
};

function facts(...notices: Notice[]): Facts {
  const folded = notices.reduce<Facts | undefined>(
    (before, n) => fold(before, n, asked),
    undefined,
  );
  if (folded === undefined) throw new Error("nothing was told");
  return folded;
}

const texts = (block: Block): string[] => {
  if (block.type === "header") return [block.text.text];
  if (block.type === "context") return block.elements.map((one) => one.text);
  if (block.type === "actions") return block.elements.map(({ text }) => `[${text.text}]`);
  return [...(block.text ? [block.text.text] : []), ...(block.fields ?? []).map((one) => one.text)];
};
const said = (blocks: readonly Block[]): string => blocks.flatMap(texts).join("\n");

test("a retrying task says when it is tried again", () => {
  const retryMs = Date.UTC(2026, 10, 23, 0, 5);
  const link = "http://k8s.example/pod";
  const message = messageOf(facts(retrying(2, failure({ retryMs, link, attempt: 2 }))), links);
  expect(message.text).toBe(
    "[prod] carrier-daily-costs: aggregate failed and will be tried again (code: exit code 3)",
  );
  expect(message.blocks).toMatchInlineSnapshot(`
    [
      {
        "text": {
          "text": ":red_circle: carrier-daily-costs: aggregate failed and will be tried again",
          "type": "plain_text",
        },
        "type": "header",
      },
      {
        "fields": [
          {
            "text": "*Environment*
    prod",
            "type": "mrkdwn",
          },
          {
            "text": "*DAG*
    carrier-daily-costs",
            "type": "mrkdwn",
          },
          {
            "text": "*Run*
    <http://127.0.0.1:8080/runs/run-1|run-00000000000000000000000001>",
            "type": "mrkdwn",
          },
          {
            "text": "*Key*
    2026-11-22",
            "type": "mrkdwn",
          },
          {
            "text": "*Logical date*
    2026-11-23T00:00:00Z",
            "type": "mrkdwn",
          },
          {
            "text": "*DAG version*
    3",
            "type": "mrkdwn",
          },
        ],
        "type": "section",
      },
      {
        "text": {
          "text": "*<http://127.0.0.1:8080/runs/run-1|aggregate>* failed, will be tried again · \`code\` · attempt 2 of 4 · next try <!date^1795392300^{date_short_pretty} {time_secs}|2026-11-23T00:05:00.000Z> · <http://k8s.example/pod|job>
    exit code 3",
          "type": "mrkdwn",
        },
        "type": "section",
      },
      {
        "text": {
          "text": "\`\`\`line 1
    line 2\`\`\`",
          "type": "mrkdwn",
        },
        "type": "section",
      },
      {
        "elements": [
          {
            "text": "<http://127.0.0.1:8080/runs/run-1|Console> · <http://127.0.0.1:16686/trace/abc|Trace> · trace abc · chasqui prod",
            "type": "mrkdwn",
          },
        ],
        "type": "context",
      },
    ]
  `);
});

test("a failed run says so, and nothing is tried again", () => {
  const retryMs = Date.UTC(2026, 10, 23, 0, 5);
  const message = messageOf(facts(retrying(2, failure({ retryMs })), settled(3, "failed")), links);
  expect(said(message.blocks)).toContain("The run *failed*: a task failed");
  expect(said(message.blocks)).not.toContain("next try");
});

test("five tasks are shown, failing ones first, the others are counted", () => {
  const waiting = Array.from({ length: 6 }, (_, mapIndex) => failure({ mapIndex, taskId: "a" }));
  const message = messageOf(
    facts(retrying(2, ...waiting), failed(3, failure({ taskId: "z" }))),
    links,
  );
  const text = said(message.blocks);
  expect(text.indexOf("|z>")).toBeGreaterThan(0);
  expect(text.indexOf("|z>")).toBeLessThan(text.indexOf("|a[0]>"));
  expect(text).toContain("and 2 more tasks");
});

test("without addresses there are no links, but the trace's id", () => {
  const message = messageOf(facts(failed(2)), { run: undefined, trace: undefined, traceId: "abc" });
  expect(said(message.blocks)).not.toContain("http");
  expect(said(message.blocks)).toContain("trace abc");
});

describe("whatever the facts hold", () => {
  const nasty = fc.oneof(
    anyText({ maxLength: 6_000 }),
    fc.constantFrom(
      "<!channel> <@U123> <https://evil.example|x>",
      "``` ```",
      "&".repeat(3_000),
      "\u{1f4a5}".repeat(3_000),
      "<\u{1f4a5}".repeat(700),
      "password=hunter22",
    ),
  );
  const address = fc.nat(4_000).map((length) => `https://jobs.example/${"x".repeat(length)}`);
  const failures = fc.array(
    fc
      .tuple(nasty, nasty, fc.array(nasty, { maxLength: 12 }), fc.oneof(nasty, address), fc.nat(30))
      .map(([taskId, message, logTail, link, mapIndex]) =>
        failure({ taskId: taskId.slice(0, 100), message, logTail, link, mapIndex }),
      ),
    { minLength: 1, maxLength: 30 },
  );

  test("B1 Slack takes it", () => {
    fc.assert(
      fc.property(failures, (many) => {
        const { text, blocks } = messageOf(facts(failed(2, ...many), settled(3, "failed")), links);
        expect(text.length).toBeLessThanOrEqual(3_000);
        expect(text.isWellFormed()).toBe(true);
        expect(blocks.length).toBeLessThanOrEqual(50);
        for (const block of blocks) {
          const max =
            block.type === "header"
              ? 150
              : block.type === "section" && block.fields
                ? 2_000
                : 3_000;
          if (block.type === "section") expect(block.fields?.length ?? 0).toBeLessThanOrEqual(10);
          for (const one of texts(block)) {
            expect(one.length).toBeGreaterThan(0);
            expect(one.isWellFormed()).toBe(true);
            expect(one.length).toBeLessThanOrEqual(max);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test("B2 nothing mentions, links or ends a code block", () => {
    fc.assert(
      fc.property(failures, (many) => {
        const { blocks } = messageOf(facts(failed(2, ...many)), links);
        for (const block of blocks.filter((one) => one.type !== "header"))
          for (const one of texts(block)) {
            const links = /<(http:\/\/127\.0\.0\.1|https:\/\/jobs\.example\/x*\||!date\^)[^<>]*>/g;
            expect(one.replaceAll(links, "")).not.toMatch(/[<>]/);
            expect(one.split("```").length).toBeLessThanOrEqual(3);
          }
      }),
      { numRuns: 60 },
    );
  });

  test("B3 no line shows a secret", () => {
    const message = messageOf(
      facts(failed(2, failure({ message: "password=hunter22", logTail: ["token: hunter22"] }))),
      links,
    );
    expect(JSON.stringify(message)).not.toContain("hunter22");
  });
});

test("a DAG that paused itself: why, which runs, and how it is resumed", () => {
  const message = messageOf(facts(autoPaused()), links);
  expect(message.text).toBe("[prod] carrier-daily-costs is paused: its last 2 runs failed");
  const text = said(message.blocks);
  for (const part of [
    "auto_pause_after",
    "its last 2 runs failed",
    "chasqui resume carrier-daily-costs",
    "run-00000000000000000000000000\nrun-00000000000000000000000001",
  ])
    expect(text).toContain(part);
  expect(text).not.toContain("Logical date");
});

test("a DAG that paused itself is told where failures are, and once", () => {
  expect(fold(undefined, autoPaused(), { ...asked, failed: false })).toBeUndefined();
  const told = facts(autoPaused());
  expect(fold(told, autoPaused(), asked)).toBe(told);
});
