// The page at `/`: the mails on the left, one of them on the right: as rendered, as text, as source.
import { html, raw, renderPage } from "../web/html.ts";
import type { Html } from "../web/html.ts";
import type { CaughtMail, MailSummary } from "./mail.ts";
import { MAIL_SCRIPT, MAIL_STYLE } from "./viewer-style.ts";

const SHOWN_MAX = 300;
const SOURCE_SHOWN_MAX = 200_000;
export const TABS = ["html", "text", "headers", "source"] as const;
export type Tab = (typeof TABS)[number];

export interface Shown {
  readonly mail: CaughtMail;
  readonly source: string;
}

export function renderMailPage(
  mails: readonly MailSummary[],
  shown: Shown | undefined,
  tab: Tab | undefined,
): string {
  const body = html`<div class="bar">
      <h1>Mail</h1>
      <span class="sub">sandbox: every mail that was sent ends here</span><span class="grow"></span
      ><span class="live">live</span>
    </div>
    <div class="mail">
      <nav aria-label="Mails" id="content">${renderList(mails, shown?.mail.id)}</nav>
      <main>
        ${
          shown === undefined
            ? html`<p class="empty pane-empty">No mail yet.</p>`
            : renderMail(shown, tab ?? (shown.mail.html === "" ? "text" : "html"))
        }
      </main>
    </div>`;
  return renderPage({ title: "Mail sandbox", style: MAIL_STYLE, body, script: MAIL_SCRIPT });
}

export function renderList(mails: readonly MailSummary[], current: string | undefined): Html {
  const newest = mails.toReversed().slice(0, SHOWN_MAX);
  return html`<h2>${mails.length} ${mails.length === 1 ? "mail" : "mails"}</h2>
    ${newest.map(
      (mail) =>
        html`<a href="/?id=${mail.id}" class="${mail.id === current ? "on" : ""}"
          ><span class="line"
            ><b>${mail.envelope.to.join(", ")}</b
            ><time datetime="${mail.receivedAt}">${clock(mail.receivedAt)}</time></span
          ><span class="subject">${mail.subject === "" ? "(no subject)" : mail.subject}</span
          ><span class="from"
            >${mail.from}${mail.attachments.length > 0 && html` · 📎 ${mail.attachments.length}`}</span
          ></a
        >`,
    )}`;
}

function clock(time: string): string {
  return new Date(time).toLocaleTimeString("en-GB");
}

function renderMail({ mail, source }: Shown, tab: Tab): Html {
  const row = (name: string, value: string) =>
    value !== "" &&
    html`<dt>${name}</dt>
      <dd>${value}</dd>`;
  const delivered = mail.envelope.to.join(", ");
  return html`<header>
      <h2>${mail.subject === "" ? "(no subject)" : mail.subject}</h2>
      <dl>
        ${row("From", mail.from)}${row("To", mail.to)}${row("Cc", mail.cc)}
        ${row("Delivered to", delivered === mail.to ? "" : delivered)}
        ${row("Received", new Date(mail.receivedAt).toLocaleString("en-GB"))}
        ${row("Message-ID", mail.messageId)}
      </dl>
      ${
        mail.attachments.length > 0 &&
        html`<div class="attachments">
          ${mail.attachments.map(
            ({ index, filename, size }) =>
              html`<a href="/api/mails/${mail.id}/attachments/${index}"
                >📎 <b>${filename}</b><span>${bytes(size)}</span></a
              >`,
          )}
        </div>`
      }
    </header>
    <div class="tabs" role="tablist">
      ${TABS.map(
        (one) =>
          html`<a
            role="tab"
            aria-selected="${one === tab ? "true" : "false"}"
            class="${one === tab ? "on" : ""}"
            href="/?id=${mail.id}&tab=${one}"
            >${one === "html" ? "Mail" : one}</a
          >`,
      )}
    </div>
    ${renderTab(mail, source, tab)}`;
}

function renderTab(mail: CaughtMail, source: string, tab: Tab): Html {
  switch (tab) {
    case "html":
      if (mail.html === "") return html`<p class="empty">This mail has no HTML.</p>`;
      // Its own origin and no scripts: what is in a mail is not ours.
      return html`<iframe
        title="The mail"
        sandbox="allow-popups allow-popups-to-escape-sandbox"
        src="/api/mails/${mail.id}/html"
      ></iframe>`;
    case "text":
      return preformatted(mail.text === "" ? "This mail has no text part." : mail.text);
    case "headers":
      return html`<table>
        ${Object.entries(mail.headers).map(
          ([name, value]) =>
            html`<tr>
              <th>${name}</th>
              <td>${value}</td>
            </tr>`,
        )}
      </table>`;
    case "source":
      return preformatted(source.slice(0, SOURCE_SHOWN_MAX));
    default: {
      const never: never = tab;
      return html`${never}`;
    }
  }
}

function preformatted(text: string): Html {
  return html`${raw("<pre>")}${text}${raw("</pre>")}`;
}

function bytes(size: number): string {
  return size < 10_000 ? `${size} bytes` : `${Math.round(size / 1_000)} kB`;
}
