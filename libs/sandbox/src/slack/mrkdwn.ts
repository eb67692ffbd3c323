// Slack's mrkdwn as HTML. The text may come from anywhere (a log line in an alert), so all of it
// is escaped; only what this file writes itself is markup.
import { escapeHtml, raw } from "../web/html.ts";
import type { Html } from "../web/html.ts";
import { EMOJI } from "./emoji.ts";

// Finished pieces are set aside under a mark that no text can hold, so that *bold* may span them.
const OPEN = "\uE000";
const CLOSE = "\uE001";

export function renderMrkdwn(text: string): Html {
  const aside: string[] = [];
  const setAside = (html: string) => `${OPEN}${aside.push(html) - 1}${CLOSE}`;
  let out = text.replaceAll(OPEN, "").replaceAll(CLOSE, "");
  out = out.replace(/```\n?([\s\S]+?)\n?```/g, (_all, code: string) =>
    setAside(`<pre>${literal(code)}</pre>`),
  );
  out = out.replace(/`([^`\n]+)`/g, (_all, code: string) =>
    setAside(`<code>${literal(code)}</code>`),
  );
  out = out.replace(/<([^<>|\s][^<>|]*)(?:\|([^<>]*))?>/g, (_all, target: string, label?: string) =>
    setAside(renderReference(target, label)),
  );
  out = literal(out);
  out = out.replace(/(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])/g, "<strong>$1</strong>");
  out = out.replace(/(?<![\w_])_(?=\S)([^_\n]+?)(?<=\S)_(?![\w_])/g, "<em>$1</em>");
  out = out.replace(/(?<![\w~])~(?=\S)([^~\n]+?)(?<=\S)~(?![\w~])/g, "<s>$1</s>");
  out = withEmoji(out);
  out = out.replace(/(?:^|\n)((?:&gt; ?.*(?:\n|$))+)/g, (_all, lines: string) => {
    const quoted = lines.trimEnd().replace(/^&gt; ?/gm, "");
    return `<blockquote>${quoted.replaceAll("\n", "<br>")}</blockquote>`;
  });
  out = out.replaceAll("\n", "<br>");
  return raw(
    out.replace(/\uE000(\d+)\uE001/g, (_all, index: string) => aside[Number(index)] ?? ""),
  );
}

export function renderPlain(text: string): Html {
  return raw(withEmoji(escapeHtml(text)).replaceAll("\n", "<br>"));
}

/** Senders write & < > as entities; everything else is taken as it is. */
function literal(text: string): string {
  return escapeHtml(text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&"));
}

export function withEmoji(escaped: string): string {
  return escaped.replace(/:([a-z0-9_+-]+):/g, (all, name: string) => EMOJI[name] ?? all);
}

function renderReference(target: string, label: string | undefined): string {
  const shown = literal(label ?? target);
  if (/^(https?:\/\/|mailto:)/.test(target)) {
    const href = escapeHtml(target.replaceAll("&amp;", "&"));
    return `<a href="${href}" target="_blank" rel="noopener noreferrer">${shown}</a>`;
  }
  const mention = (text: string) => `<span class="mention">${text}</span>`;
  if (target.startsWith("@")) return mention(`@${literal(label ?? target.slice(1))}`);
  if (target.startsWith("#")) return mention(`#${literal(label ?? target.slice(1))}`);
  if (target.startsWith("!date^")) return renderDate(target, label);
  if (target.startsWith("!subteam^")) return mention(`@${literal(label ?? "group")}`);
  if (target.startsWith("!")) return mention(`@${literal(target.slice(1))}`);
  return shown;
}

/** `<!date^1700000000^{date_short} {time}|fallback>` */
function renderDate(target: string, fallback: string | undefined): string {
  const [, seconds = "", format = ""] = target.split("^");
  const date = new Date(Number(seconds) * 1_000);
  if (Number.isNaN(date.getTime())) return literal(fallback ?? target);
  const day = date.toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });
  const time = date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  const shown = format
    .replace(/\{date[a-z_]*\}/g, day)
    .replace(/\{time_secs\}/g, date.toLocaleTimeString("en-GB"))
    .replace(/\{time\}/g, time);
  return `<time datetime="${date.toISOString()}">${literal(shown)}</time>`;
}
