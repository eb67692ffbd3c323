// What people see, and that what others wrote cannot become markup.
import { expect, test } from "vitest";
import { textAt } from "../web/json.ts";
import { renderMrkdwn } from "./mrkdwn.ts";
import { renderBlocks } from "./render-blocks.ts";
import { startSlack } from "./server.ts";

test.each([
  ["*bold* _it_ ~gone~", "<strong>bold</strong> <em>it</em> <s>gone</s>"],
  ["snake_case_name and 2*3*4", "snake_case_name and 2*3*4"],
  ["`a*b*` *`c`*", "<code>a*b*</code> <strong><code>c</code></strong>"],
  ["```\n*raw*\n```", "<pre>*raw*</pre>"],
  [
    "*<https://x.test/?a=1&amp;b=2|the run>*",
    '<strong><a href="https://x.test/?a=1&amp;b=2" target="_blank" rel="noopener noreferrer">the run</a></strong>',
  ],
  ["<javascript:alert(1)|click>", "click"],
  [
    "<!here> <@U1|ana> <#C1|ops>",
    '<span class="mention">@here</span> <span class="mention">@ana</span> <span class="mention">#ops</span>',
  ],
  [":fire: :unknown:", "🔥 :unknown:"],
  ["&gt; quoted\nnot", "<blockquote>quoted</blockquote>not"],
  ["a &lt; b &amp; c", "a &lt; b &amp; c"],
  ["a\nb", "a<br>b"],
  ["<script>alert(1)</script>", "script&gt;"],
  ["1 <img src=x onerror=alert(1)> 2", "1 img src=x onerror=alert(1) 2"],
])("mrkdwn %s", (text, wanted) => {
  const { html } = renderMrkdwn(text);
  if (text.startsWith("<script>")) expect(html).not.toContain("<script");
  else expect(html).toBe(wanted);
});

test("blocks become what Slack shows", () => {
  const { html } = renderBlocks([
    { type: "header", text: { type: "plain_text", text: ":x: nightly <b>" } },
    {
      type: "section",
      text: { type: "mrkdwn", text: "*why*: `exit 1`" },
      fields: [{ type: "mrkdwn", text: "*Task*\ncosts" }],
      accessory: {
        type: "button",
        text: { type: "plain_text", text: "Logs" },
        url: "https://l.test",
      },
    },
    { type: "divider" },
    { type: "context", elements: [{ type: "mrkdwn", text: "attempt _2_" }] },
    {
      type: "actions",
      elements: [
        { type: "button", style: "danger", text: { type: "plain_text", text: "Cancel" } },
        { type: "button", text: { type: "plain_text", text: "Evil" }, url: "javascript:alert(1)" },
      ],
    },
    { type: "holograms", text: "<i>" },
  ]);
  expect(html).toContain("❌ nightly &lt;b&gt;</h3>");
  expect(html).toContain("<strong>why</strong>: <code>exit 1</code>");
  expect(html).toContain("<strong>Task</strong><br>costs");
  expect(html).toContain('href="https://l.test"');
  expect(html).toContain("<em>2</em>");
  expect(html).toContain('class="button danger"');
  expect(html).not.toContain("javascript:");
  expect(html).toContain("holograms");
  expect(html).not.toContain("<i>");
});

test("the page shows channels, messages and threads, and loads nothing", async () => {
  await using slack = await startSlack({ port: 0 });
  const post = async (body: unknown) => {
    const headers = { "content-type": "application/json", authorization: "Bearer xoxb-1" };
    const url = `${slack.apiUrl}chat.postMessage`;
    const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
    return textAt(await response.json(), "ts") ?? "";
  };
  const root = await post({ channel: "ops", text: "root <b>bold</b>" });
  await post({ channel: "ops", text: "reply", thread_ts: root });
  const response = await fetch(slack.url);
  const page = await response.text();
  expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
  expect(page).toContain("# ops");
  expect(page).toContain("1 reply");
  expect(page).not.toContain("<b>bold");
  expect(page).not.toMatch(/(src|href)="(https?:)?\/\//);
});
