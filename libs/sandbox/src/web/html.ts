// What the viewers share: escaping by default, one quiet look in light and dark, no asset from
// anywhere else.

/** Text that is already HTML. Everything else is escaped by `html`. */
export interface Html {
  readonly html: string;
}

export function raw(text: string): Html {
  return { html: text };
}

type Part = string | number | Html | undefined | false | readonly Part[];

/** A template tag: what is put in is escaped, unless it is Html itself. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  let text = strings[0] ?? "";
  parts.forEach((part, index) => {
    text += render(part) + (strings[index + 1] ?? "");
  });
  return { html: text };
}

function render(part: Part): string {
  if (part === undefined || part === false) return "";
  if (typeof part === "string") return escapeHtml(part);
  if (typeof part === "number") return String(part);
  if ("html" in part) return part.html;
  return part.map(render).join("");
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}

const STYLE = `
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1b1f27;--soft:#667085;--line:#e3e6ec;
--hover:#f0f3f8;--accent:#2457d6;--accent-soft:#e6edff;--good:#16794c;--bad:#c4282d;--bad-soft:#fdeaea;
--warn:#a15c00;--code:#f2f4f7;--mono:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
@media(prefers-color-scheme:dark){:root{--bg:#12151b;--card:#191d25;--ink:#e7eaf0;--soft:#97a1b3;
--line:#2a303c;--hover:#212733;--accent:#86aaff;--accent-soft:#1f2c4d;--good:#52c98d;--bad:#ff7b7b;
--bad-soft:#3a1f22;--warn:#f0b35c;--code:#222834}}
*{box-sizing:border-box}html,body{height:100%}
body{margin:0;background:var(--bg);color:var(--ink);
font:14px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
a{color:var(--accent);text-decoration:none}a:hover{text-decoration:underline}
code,pre{font-family:var(--mono);font-size:12.5px}
.bar{display:flex;align-items:center;gap:12px;height:52px;padding:0 20px;background:var(--card);
border-bottom:1px solid var(--line);position:sticky;top:0;z-index:5}
.bar h1{font-size:15px;margin:0;font-weight:650}.bar .sub{color:var(--soft)}.bar .grow{flex:1}
.pill{font-size:12px;padding:2px 9px;border-radius:99px;background:var(--accent-soft);color:var(--accent)}
.live{display:inline-flex;align-items:center;gap:6px;font-size:12px;color:var(--soft)}
.live::before{content:"";width:8px;height:8px;border-radius:50%;background:var(--soft)}
.live.on::before{background:var(--good)}
.empty{color:var(--soft);text-align:center;padding:72px 20px}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
`;

export interface Page {
  readonly title: string;
  readonly style?: string;
  readonly body: Html;
  readonly script?: string;
}

export function renderPage(page: Page): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <link rel="icon" href="data:," />
        <title>${page.title}</title>
        <style>
          ${raw(STYLE + (page.style ?? ""))}
        </style>
      </head>
      <body>
        ${page.body}${page.script !== undefined && raw(`<script>${page.script}</script>`)}
      </body>
    </html>`.html;
}

/**
 * The script of a page that follows a stream: on each event it fetches `fragment` again and puts
 * it into #content; the mark .live shows whether the stream is open.
 */
export function liveScript(options: { events: string; fragment: string }): string {
  return `(()=>{const mark=document.querySelector('.live');let busy=false,again=false;
const refresh=async()=>{if(busy){again=true;return}busy=true;try{const r=await fetch(${JSON.stringify(options.fragment)}+location.search);
if(r.ok)document.querySelector('#content').innerHTML=await r.text()}catch{}busy=false;if(again){again=false;refresh()}};
const es=new EventSource(${JSON.stringify(options.events)});let first=true;
es.onopen=()=>{mark?.classList.add('on');if(!first)refresh();first=false};es.onerror=()=>mark?.classList.remove('on');
es.addEventListener('changed',refresh)})()`;
}
