// The look of the trace viewer, and the script that folds rows and keeps open ones open.

export const TRACE_STYLE = `
.bad{color:var(--bad)}.warn{color:var(--warn)}.grow{flex:1}
header{padding:16px 22px 10px;background:var(--card);border-bottom:1px solid var(--line)}
header h2{font-size:17px;margin:0 0 4px}header h2 .svc{color:var(--soft);font-weight:500}
.facts{display:flex;flex-wrap:wrap;gap:4px 16px;margin:0;color:var(--soft)}.facts b{color:var(--ink)}
.services{display:flex;flex-wrap:wrap;gap:6px 16px;margin:10px 0 0;font-size:13px}.services span{display:inline-flex;gap:6px;align-items:center}
.services i{width:11px;height:11px;border-radius:3px;background:hsl(var(--hue) 62% 52%)}.services b{color:var(--soft);font-weight:500}
.ticks,.row summary{display:grid;grid-template-columns:minmax(260px,36%) 1fr}
.ticks{position:sticky;top:52px;z-index:3;height:27px;background:var(--card);border-bottom:1px solid var(--line);font-size:11px;color:var(--soft)}
.ticks div{position:relative;margin-right:22px;border-left:1px solid var(--line)}
.ticks i{position:absolute;top:6px;font-style:normal;padding-left:5px;white-space:nowrap}
.ticks i:last-child{transform:translateX(-100%);padding:0 5px 0 0}
.row{border-bottom:1px solid transparent}.row[open]{background:var(--card);border-color:var(--line)}
.row.hidden{display:none}.row:target summary{box-shadow:inset 0 0 0 2px var(--accent)}
.row summary{list-style:none;cursor:pointer;height:29px;align-items:center}.row summary::-webkit-details-marker{display:none}
.row summary:hover{background:var(--hover)}
.name{display:flex;align-items:center;gap:7px;min-width:0;height:100%;padding:0 10px 0 calc(30px + var(--depth)*15px);position:relative;
border-right:1px solid var(--line);white-space:nowrap;overflow:hidden}
.name::before{content:"";position:absolute;left:calc(24px + var(--depth)*15px);top:5px;bottom:5px;width:3px;border-radius:2px;background:hsl(var(--hue) 62% 52%)}
.fold{position:absolute;left:calc(4px + var(--depth)*15px);border:0;background:none;color:var(--soft);cursor:pointer;padding:2px 4px;font-size:11px}
.folded .fold{transform:rotate(-90deg)}.name .svc{font-weight:600;font-size:13px}.name .op{color:var(--soft);overflow:hidden;text-overflow:ellipsis;font-size:13px}
.lane{position:relative;height:100%;margin-right:22px;background:linear-gradient(var(--line),var(--line)) 25% 0/1px 100% no-repeat,
linear-gradient(var(--line),var(--line)) 50% 0/1px 100% no-repeat,linear-gradient(var(--line),var(--line)) 75% 0/1px 100% no-repeat}
.span-bar{position:absolute;top:8px;height:13px;border-radius:3px;background:hsl(var(--hue) 62% 52%)}
.span-bar.failed{background:repeating-linear-gradient(135deg,var(--bad) 0 6px,hsl(var(--hue) 62% 52%) 6px 10px)}
.lane em{position:absolute;top:5px;font-style:normal;font-size:11.5px;color:var(--soft);padding:0 6px;white-space:nowrap}.lane em.inside{color:#fff;font-weight:600}
.details{display:grid;grid-template-columns:repeat(auto-fit,minmax(330px,1fr));gap:4px 28px;padding:8px 22px 16px calc(30px + var(--depth)*15px);
border-left:3px solid hsl(var(--hue) 62% 52%)}
.details h3{font-size:11.5px;text-transform:uppercase;letter-spacing:.05em;color:var(--soft);margin:8px 0 3px}
.details table{border-collapse:collapse;width:100%;font-size:12.5px}.details th{text-align:left;font-weight:500;color:var(--soft);width:42%;vertical-align:top}
.details th,.details td{padding:2px 12px 2px 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere}.details td{font-family:var(--mono);font-size:12px;white-space:pre-wrap}
.none{margin:0;color:var(--soft);font-size:12.5px}
.list{max-width:1050px;margin:0 auto;padding:14px 22px 50px}.filter{display:flex;flex-wrap:wrap;gap:7px;margin:0 0 14px}
.filter a{border:1px solid var(--line);border-radius:99px;padding:2px 12px;background:var(--card);color:var(--ink);font-size:13px}
.filter a.on{background:var(--accent-soft);color:var(--accent);border-color:transparent}.filter a:hover{text-decoration:none;background:var(--hover)}
.trace{display:block;background:var(--card);border:1px solid var(--line);border-radius:10px;padding:10px 16px;margin-bottom:8px;color:inherit}
.trace:hover{text-decoration:none;border-color:var(--accent)}.trace .top{display:flex;gap:9px;flex-wrap:wrap}.trace time,.low{color:var(--soft);font-size:12.5px}
.gauge{display:block;height:4px;border-radius:2px;background:var(--code);margin:7px 0}.gauge i{display:block;height:100%;border-radius:2px;background:var(--accent)}
.low{display:flex;gap:12px;justify-content:space-between;flex-wrap:wrap}
`;

/** Options are put in by JSON: where the stream and the fragment are, and the trace shown, if one. */
export function traceScript(options: { fragment: string; trace: string | undefined }): string {
  return `(()=>{const o=${JSON.stringify(options).replaceAll("<", "\\u003c")};const content=document.querySelector('#content');const mark=document.querySelector('.live');
const folded=new Set();
const fold=()=>{let below=Infinity;for(const row of content.querySelectorAll('.row')){const depth=+row.dataset.depth;
if(depth<=below)below=Infinity;row.classList.toggle('hidden',depth>below);const f=folded.has(row.id);row.classList.toggle('folded',f);if(f&&below===Infinity)below=depth}};
content.addEventListener('click',(e)=>{const b=e.target.closest('.fold');if(!b)return;e.preventDefault();const id=b.closest('.row').id;
folded.has(id)?folded.delete(id):folded.add(id);fold()});
let busy=false,again=false;
const refresh=async()=>{if(busy){again=true;return}busy=true;const open=[...content.querySelectorAll('.row[open]')].map((r)=>r.id);
try{const r=await fetch(o.fragment+location.search);if(r.ok){content.innerHTML=await r.text();for(const id of open)document.getElementById(id)?.setAttribute('open','');fold()}}catch{}
busy=false;if(again){again=false;refresh()}};
const es=new EventSource('/sandbox/live');let first=true;
es.onopen=()=>{mark.classList.add('on');if(!first)refresh();first=false};es.onerror=()=>mark.classList.remove('on');
es.addEventListener('changed',(e)=>{if(o.trace===undefined||JSON.parse(e.data).traces.includes(o.trace))refresh()})})()`;
}
