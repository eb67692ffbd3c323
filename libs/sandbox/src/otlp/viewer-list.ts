// The page of all traces, newest first.
import { html } from "../web/html.ts";
import type { Html } from "../web/html.ts";
import type { TraceSummary } from "./trace-store.ts";
import { duration } from "./viewer-trace.ts";

export function renderTraceList(
  traces: readonly TraceSummary[],
  services: readonly string[],
  service: string | undefined,
): Html {
  const longestUs = Math.max(1, ...traces.map(({ startUs, endUs }) => endUs - startUs));
  return html`<div class="list">
    <p class="filter">
      <a href="/" class="${service === undefined ? "on" : ""}">all services</a>
      ${services.map(
        (one) =>
          html`<a href="/?service=${encodeURIComponent(one)}" class="${one === service ? "on" : ""}"
            >${one}</a
          >`,
      )}
    </p>
    ${traces.length === 0 && html`<p class="empty">No trace yet.</p>`}
    ${traces.map((trace) => renderSummary(trace, longestUs))}
  </div>`;
}

function renderSummary(trace: TraceSummary, longestUs: number): Html {
  const lengthUs = trace.endUs - trace.startUs;
  const share = Math.max(0.3, (lengthUs / longestUs) * 100).toFixed(2);
  const started = new Date(trace.startUs / 1_000);
  return html`<a class="trace" href="/trace/${trace.trace}">
    <span class="top"
      ><b>${trace.service}</b> ${trace.name}
      ${trace.errorCount > 0 && html`<span class="bad">✖ ${trace.errorCount}</span>`}
      <span class="grow"></span
      ><time datetime="${started.toISOString()}">${started.toLocaleString("en-GB")}</time></span
    ><span class="gauge"><i style="width:${share}%"></i></span
    ><span class="low"
      >${duration(lengthUs)} · ${trace.spanCount} spans · ${trace.services.join(", ")}
      <code>${trace.trace}</code></span
    >
  </a>`;
}
