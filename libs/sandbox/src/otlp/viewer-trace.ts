// The page of one trace: a waterfall by service; each row opens to show what the span carries.
import { html } from "../web/html.ts";
import type { Html } from "../web/html.ts";
import { durationMicros, micros } from "./span.ts";
import type { Attributes, AttributeValue, SpanRecord } from "./span.ts";
import { treeRows } from "./trace-tree.ts";
import type { TreeRow } from "./trace-tree.ts";

const ROWS_MAX = 3_000;
const TICKS = [0, 0.25, 0.5, 0.75, 1];

interface Scale {
  readonly startUs: number;
  readonly lengthUs: number;
  /** Service → its hue. */
  readonly hues: ReadonlyMap<string, number>;
}

/** The part of the page that is fetched again when spans come. */
export function renderTrace(trace: string, spans: readonly SpanRecord[]): Html {
  if (spans.length === 0) {
    return html`<p class="empty">
      No span of trace <code>${trace}</code> is here yet. The page follows by itself.
    </p>`;
  }
  const startUs = Math.min(...spans.map(({ start }) => micros(start)));
  const endUs = Math.max(...spans.map((span) => micros(span.start) + durationMicros(span)));
  const hues = huesOf(spans.map(({ service }) => service));
  const scale: Scale = { startUs, lengthUs: Math.max(1, endUs - startUs), hues };
  const rows = treeRows(spans);
  return html`${renderHead(trace, rows, scale)}
    <div class="ticks">
      <span></span>
      <div>
        ${TICKS.map(
          (tick) => html`<i style="left:${percent(tick)}">${duration(tick * scale.lengthUs)}</i>`,
        )}
      </div>
    </div>
    <div class="rows">${rows.slice(0, ROWS_MAX).map((row) => renderRow(row, scale))}</div>
    ${
      rows.length > ROWS_MAX &&
      html`<p class="empty">${rows.length - ROWS_MAX} more spans: see /api/traces/${trace}</p>`
    }`;
}

function renderHead(trace: string, rows: readonly TreeRow[], scale: Scale): Html {
  const spans = rows.map(({ span }) => span);
  const root = rows[0]?.span;
  const errors = spans.filter(({ status }) => status === "error").length;
  const orphans = rows.filter(({ parentMissing }) => parentMissing).length;
  const started = new Date(scale.startUs / 1_000);
  return html`<header>
    <h2><span class="svc">${root?.service ?? ""}</span> ${root?.name ?? ""}</h2>
    <p class="facts">
      <time datetime="${started.toISOString()}">${started.toLocaleString("en-GB")}</time>
      <b>${duration(scale.lengthUs)}</b><span>${count(spans.length, "span")}</span
      ><span>${count(scale.hues.size, "service")}</span>
      ${errors > 0 && html`<span class="bad">${count(errors, "error")}</span>`}
      ${orphans > 0 && html`<span class="warn">${count(orphans, "span")} with a missing parent</span>`}
      <code>${trace}</code>
    </p>
    <p class="services">
      ${[...scale.hues].map(
        ([service, hue]) =>
          html`<span style="--hue:${hue}"
            ><i></i>${service} <b>${spans.filter((one) => one.service === service).length}</b></span
          >`,
      )}
    </p>
  </header>`;
}

function renderRow({ span, depth, childCount, parentMissing }: TreeRow, scale: Scale): Html {
  const hue = scale.hues.get(span.service) ?? 0;
  const offset = (micros(span.start) - scale.startUs) / scale.lengthUs;
  const width = durationMicros(span) / scale.lengthUs;
  // The label stands behind the bar, before it, or within it: where there is room.
  const label =
    offset + width < 0.85
      ? `left:${percent(offset + width)}`
      : offset > 0.15
        ? `right:${percent(1 - offset)}`
        : `left:${percent(offset)}`;
  const within = offset + width >= 0.85 && offset <= 0.15;
  const bar = `left:${percent(offset)};width:max(3px,${percent(width)})`;
  return html`<details
    class="row"
    id="s${span.span}"
    data-depth="${depth}"
    style="--hue:${hue};--depth:${Math.min(depth, 24)}"
  >
    <summary>
      <span class="name">
        ${childCount > 0 && html`<button class="fold" title="Fold what is below">▾</button>`}
        <span class="svc">${span.service}</span>
        ${span.status === "error" && html`<span class="bad" title="${span.message}">✖</span>`}
        ${parentMissing && html`<span class="warn" title="Its parent ${span.parent} is not here">⚠</span>`}
        <span class="op">${span.name}</span>
      </span>
      <span class="lane"
        ><i class="${span.status === "error" ? "span-bar failed" : "span-bar"}" style="${bar}"></i
        ><em class="${within ? "inside" : ""}" style="${label}"
          >${duration(durationMicros(span))}</em
        ></span
      >
    </summary>
    ${renderDetails(span, scale)}
  </details>`;
}

function renderDetails(span: SpanRecord, scale: Scale): Html {
  const facts: Attributes = {
    kind: span.kind,
    "starts after": duration(micros(span.start) - scale.startUs),
    lasts: duration(durationMicros(span)),
    status: span.message === "" ? span.status : `${span.status}: ${span.message}`,
    "span id": span.span,
    ...(span.parent === "" ? {} : { "parent id": span.parent }),
    ...(span.scope === "" ? {} : { scope: span.scope }),
  };
  return html`<div class="details">
    ${table("Span", facts)}${table("Attributes", span.attributes)}
    ${span.events.map((event) => {
      const after = duration(micros(event.time) - micros(span.start));
      return table(`${event.name} (event, after ${after})`, event.attributes);
    })}
    ${span.links.map(
      (link) =>
        html`<p class="link">
          Linked: <a href="/trace/${link.trace}#s${link.span}">${link.trace}</a> span ${link.span}
        </p>`,
    )}
    ${table("Resource", span.resource)}
  </div>`;
}

function table(title: string, attributes: Attributes): Html {
  const entries = Object.entries(attributes);
  return html`<section>
    <h3>${title}</h3>
    ${entries.length === 0 && html`<p class="none">none</p>`}
    <table>
      ${entries.map(
        ([key, value]) =>
          html`<tr>
            <th>${key}</th>
            <td>${shown(value)}</td>
          </tr>`,
      )}
    </table>
  </section>`;
}

function shown(value: AttributeValue): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

// Neighbours in this order are far apart on the wheel, so services that follow each other differ.
const HUES = [215, 28, 150, 330, 265, 55, 185, 0, 95, 300, 240, 125];

function huesOf(services: readonly string[]): Map<string, number> {
  const hues = new Map<string, number>();
  for (const service of services) {
    if (!hues.has(service)) hues.set(service, HUES[hues.size % HUES.length] ?? 0);
  }
  return hues;
}

function percent(share: number): string {
  return `${(Math.min(1, Math.max(0, share)) * 100).toFixed(3)}%`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** 740 µs, 12.3 ms, 4.56 s, 12 min 3 s, 5 h 2 min. */
export function duration(us: number): string {
  if (us < 1_000) return `${Math.round(us)} µs`;
  if (us < 1_000_000) return `${(us / 1_000).toPrecision(3)} ms`;
  if (us < 60_000_000) return `${(us / 1_000_000).toPrecision(3)} s`;
  const seconds = Math.round(us / 1_000_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
}
