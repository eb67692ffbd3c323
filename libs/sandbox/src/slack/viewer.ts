// The page at `/`: channels on the left, messages with their threads on the right, live.
import { html, liveScript, renderPage } from "../web/html.ts";
import type { Html } from "../web/html.ts";
import { listAt, numberAt, textAt } from "../web/json.ts";
import { renderMrkdwn, renderPlain } from "./mrkdwn.ts";
import { renderBlocks } from "./render-blocks.ts";
import type { SlackMessage, SlackStore } from "./store.ts";
import { SLACK_STYLE } from "./viewer-style.ts";

const SHOWN_MAX = 300;

export function renderViewer(store: SlackStore, channelId: string | null): string {
  const body = html`<div class="bar">
      <h1>Slack</h1>
      <span class="sub">sandbox: what the services posted</span><span class="grow"></span
      ><span class="live">live</span>
    </div>
    <div id="content">${renderContent(store, channelId)}</div>`;
  const script = liveScript({ events: "/sandbox/live", fragment: "/sandbox/fragment" });
  return renderPage({ title: "Slack sandbox", style: SLACK_STYLE, body, script });
}

/** What changes when a message comes. */
export function renderContent(store: SlackStore, channelId: string | null): Html {
  const all = store.all();
  const channels = store.channels().map((channel) => ({
    ...channel,
    count: all.filter((message) => message.channel === channel.id).length,
  }));
  const current =
    channels.find(({ id }) => id === channelId) ??
    channels.find(({ id }) => id === all.at(-1)?.channel);
  const inChannel = all.filter((message) => message.channel === current?.id);
  const top = inChannel.filter(({ thread_ts, ts }) => (thread_ts ?? ts) === ts).slice(-SHOWN_MAX);
  const replies = Map.groupBy(inChannel, ({ thread_ts }) => thread_ts);
  return html`<div class="slack">
    <nav aria-label="Channels">
      <h2>Channels</h2>
      ${channels.map(
        ({ id, name, count }) =>
          html`<a href="/?channel=${id}" class="${id === current?.id ? "on" : ""}"
            ><span># ${name}</span><b>${count}</b></a
          >`,
      )}
    </nav>
    <main>
      ${current !== undefined && html`<h2># ${current.name}</h2>`}
      ${top.length === 0 && html`<p class="empty">No message yet.</p>`}
      ${top.map((message) => renderThread(message, replies.get(message.ts) ?? []))}
    </main>
  </div>`;
}

function renderThread(message: SlackMessage, thread: readonly SlackMessage[]): Html {
  const replies = thread.filter(({ ts }) => ts !== message.ts);
  return html`<article id="m${message.ts}">
    ${renderMessage(message)}
    ${
      replies.length > 0 &&
      html`<details class="thread" open>
        <summary>${replies.length} ${replies.length === 1 ? "reply" : "replies"}</summary>
        ${replies.map(renderMessage)}
      </details>`
    }
  </article>`;
}

function renderMessage(message: SlackMessage): Html {
  const when = new Date(Number(message.ts) * 1_000);
  const blocks = message.blocks ?? [];
  return html`<div class="message">
    <div class="face" aria-hidden="true">c</div>
    <div class="said">
      <div class="who">
        <strong>${message.username ?? "chasqui"}</strong><span class="app">APP</span
        ><time datetime="${when.toISOString()}">${when.toLocaleString("en-GB")}</time>
        ${message.edited !== undefined && html`<span class="edited">(edited)</span>`}
      </div>
      ${
        blocks.length > 0
          ? renderBlocks(blocks)
          : message.text !== "" && html`<div class="b-text">${renderMrkdwn(message.text)}</div>`
      }
      ${(message.attachments ?? []).map(renderAttachment)} ${(message.files ?? []).map(renderFile)}
      ${(message.reactions ?? []).map(
        ({ name, count }) =>
          html`<span class="reaction">${renderPlain(`:${name}:`)} ${count}</span>`,
      )}
    </div>
  </div>`;
}

const NAMED_COLOURS: Readonly<Record<string, string>> = {
  good: "#2eb67d",
  warning: "#ecb22e",
  danger: "#e01e5a",
};

function renderAttachment(attachment: unknown): Html {
  const asked = textAt(attachment, "color") ?? "";
  const plain = /^#?[0-9a-fA-F]{6}$/.test(asked) ? `#${asked.replace("#", "")}` : "#8a94a6";
  const colour = NAMED_COLOURS[asked] ?? plain;
  const text = textAt(attachment, "text");
  const title = textAt(attachment, "title");
  return html`<div class="attachment" style="border-left-color:${colour}">
    ${title !== undefined && html`<strong>${renderPlain(title)}</strong>`}
    ${text !== undefined && html`<div class="b-text">${renderMrkdwn(text)}</div>`}
    <div class="b-fields">
      ${listAt(attachment, "fields").map(
        (field) =>
          html`<div>
            <strong>${textAt(field, "title") ?? ""}</strong><br />${renderMrkdwn(
              textAt(field, "value") ?? "",
            )}
          </div>`,
      )}
    </div>
    ${renderBlocks(listAt(attachment, "blocks"))}
    <div class="b-context">${textAt(attachment, "footer") ?? ""}</div>
  </div>`;
}

function renderFile(file: unknown): Html {
  const bytes = numberAt(file, "size") ?? 0;
  const size = bytes < 10_000 ? `${bytes} bytes` : `${Math.round(bytes / 1_000)} kB`;
  return html`<a class="file" href="/files/${textAt(file, "id") ?? ""}"
    >📄 <strong>${textAt(file, "title") ?? "file"}</strong><span>${size}</span></a
  >`;
}
