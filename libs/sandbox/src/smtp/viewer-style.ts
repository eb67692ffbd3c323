// The look of the mail viewer, and the script that keeps its list live.

export const MAIL_STYLE = `
.mail{display:grid;grid-template-columns:350px 1fr;height:calc(100vh - 52px)}
nav{border-right:1px solid var(--line);overflow:auto;background:var(--card)}
nav h2{font-size:12px;color:var(--soft);text-transform:uppercase;letter-spacing:.06em;font-weight:600;margin:14px 18px 8px}
nav a{display:block;padding:10px 18px;border-bottom:1px solid var(--line);color:inherit}
nav a:hover{background:var(--hover);text-decoration:none}nav a.on{background:var(--accent-soft);box-shadow:inset 3px 0 var(--accent)}
nav .line{display:flex;gap:10px;justify-content:space-between}nav b{font-weight:600;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
nav time,nav .from{color:var(--soft);font-size:12px}nav .subject,nav .from{display:block;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
main{display:flex;flex-direction:column;min-width:0;overflow:auto}
header{padding:18px 26px 12px;background:var(--card)}header h2{font-size:19px;margin:0 0 10px;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:auto 1fr;gap:2px 14px;margin:0}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
.attachments{display:flex;flex-wrap:wrap;gap:8px;margin-top:12px}
.attachments a{display:inline-flex;gap:7px;border:1px solid var(--line);border-radius:9px;padding:6px 12px;color:var(--ink)}
.attachments a:hover{background:var(--hover);text-decoration:none}.attachments b{font-weight:600}.attachments span{color:var(--soft)}
.tabs{display:flex;gap:2px;padding:0 20px;background:var(--card);border-bottom:1px solid var(--line);position:sticky;top:0}
.tabs a{padding:8px 13px;color:var(--soft);border-bottom:2px solid transparent;text-transform:capitalize}
.tabs a.on{color:var(--accent);border-color:var(--accent);font-weight:600}.tabs a:hover{text-decoration:none;color:var(--ink)}
iframe{flex:1;min-height:420px;border:0;background:#fff;width:100%}
pre{margin:0;padding:20px 26px;white-space:pre-wrap;overflow-wrap:anywhere}
table{border-collapse:collapse;margin:14px 26px;font-size:13px}th{text-align:left;font-weight:600;vertical-align:top;white-space:nowrap}
th,td{padding:5px 14px 5px 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere;white-space:pre-wrap}
@media(max-width:800px){.mail{grid-template-columns:1fr;height:auto}nav{max-height:40vh;border-right:0}}
`;

/** The list is fetched again when a mail comes; the open mail is left alone, so it does not flicker. */
export const MAIL_SCRIPT = `(()=>{const mark=document.querySelector('.live');
const list=document.querySelector('#content');let first=true;
const refresh=async()=>{if(document.querySelector('.pane-empty')){location.reload();return}
try{const r=await fetch('/sandbox/fragment'+location.search);if(r.ok)list.innerHTML=await r.text()}catch{}};
const es=new EventSource('/sandbox/live');es.onopen=()=>{mark.classList.add('on');if(!first)refresh();first=false};
es.onerror=()=>mark.classList.remove('on');es.addEventListener('changed',refresh)})()`;
