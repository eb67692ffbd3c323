// The look of the Slack viewer.

export const SLACK_STYLE = `
.slack{display:grid;grid-template-columns:230px 1fr;min-height:calc(100vh - 52px)}
nav{background:#3f1d47;color:#e6d9e8;padding:16px 10px;position:sticky;top:52px;height:calc(100vh - 52px);overflow:auto}
nav h2{font-size:12px;text-transform:uppercase;letter-spacing:.06em;margin:0 10px 8px;color:#b79fbc;font-weight:600}
nav a{display:flex;justify-content:space-between;gap:8px;padding:5px 10px;border-radius:7px;color:inherit}
nav a:hover{background:#52305a;text-decoration:none}nav a.on{background:#1264a3;color:#fff}
nav a span{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}nav b{font-weight:500;opacity:.75}
main{padding:18px 28px 60px;max-width:900px;min-width:0}main>h2{font-size:17px;margin:0 0 14px}
article{padding:10px 12px;border-radius:10px}article:hover{background:var(--hover)}
article:target{box-shadow:0 0 0 2px var(--accent)}
.message{display:flex;gap:11px}.said{min-width:0;flex:1;overflow-wrap:anywhere}
.face{flex:none;width:36px;height:36px;border-radius:9px;background:linear-gradient(135deg,#e2572b,#b3267e);
color:#fff;font-weight:700;font-size:19px;display:grid;place-items:center}
.who{display:flex;gap:7px;align-items:baseline}.who time,.edited{color:var(--soft);font-size:12px}
.app{font-size:10px;background:var(--line);color:var(--soft);border-radius:3px;padding:0 4px}
.b-header{font-size:17px;margin:6px 0}.b-section{display:flex;justify-content:space-between;gap:16px;margin:5px 0}
.b-section>div:first-child{flex:1;min-width:0}.b-pre{white-space:pre-wrap}
.b-fields{display:grid;grid-template-columns:1fr 1fr;gap:7px 20px}.b-fields:not(:empty){margin:5px 0}
.b-context{display:flex;flex-wrap:wrap;gap:4px 12px;color:var(--soft);font-size:12.5px}.b-context:not(:empty){margin:5px 0}
.b-divider{border:0;border-top:1px solid var(--line);margin:9px 0}
.b-actions{display:flex;flex-wrap:wrap;gap:8px;margin:7px 0}
.button{border:1px solid var(--line);background:var(--card);border-radius:7px;padding:4px 12px;font-weight:600;font-size:13px;color:var(--ink)}
a.button:hover{background:var(--hover);text-decoration:none}
.button.primary{background:#007a5a;border-color:#007a5a;color:#fff}.button.danger{background:#c4282d;border-color:#c4282d;color:#fff}
.b-image{display:inline-block;border:1px dashed var(--line);border-radius:7px;padding:3px 9px}
pre{background:var(--code);border:1px solid var(--line);border-radius:7px;padding:8px 10px;margin:5px 0;white-space:pre-wrap;overflow:auto;max-height:320px}
code{background:var(--code);border:1px solid var(--line);border-radius:4px;padding:0 4px;color:var(--bad)}
blockquote{margin:5px 0;padding-left:12px;border-left:4px solid var(--line)}
.mention{background:var(--accent-soft);color:var(--accent);border-radius:4px;padding:0 3px}
.attachment{border-left:4px solid;border-radius:3px;padding:3px 0 3px 12px;margin:7px 0}
.thread{margin:8px 0 0 47px;border-left:2px solid var(--line);padding-left:12px}
.thread summary{color:var(--accent);font-weight:600;font-size:13px;cursor:pointer}.thread .message{margin-top:9px}
.thread .face{width:26px;height:26px;font-size:14px;border-radius:7px}
.file{display:inline-flex;gap:9px;align-items:center;border:1px solid var(--line);border-radius:9px;padding:8px 13px;margin:6px 0;background:var(--card)}
.file span{color:var(--soft);font-size:12px}
.reaction{display:inline-block;border:1px solid var(--line);border-radius:99px;padding:1px 9px;margin:5px 5px 0 0;font-size:12.5px;background:var(--card)}
@media(max-width:700px){.slack{grid-template-columns:1fr}nav{position:static;height:auto}main{padding:14px}.b-fields{grid-template-columns:1fr}}
`;
