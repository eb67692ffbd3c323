// Traces: where their spans are, and what a list of them shows.
// Invariant: a span sent twice (a retry, an export from history) counts once; the last one stands.
import { SpanFiles } from "./span-files.ts";
import type { Position } from "./span-files.ts";
import { durationMicros, micros } from "./span.ts";
import type { SpanRecord } from "./span.ts";

export interface TraceSummary {
  readonly trace: string;
  /** Of the root, or of the earliest span while the root has not come. */
  readonly name: string;
  readonly service: string;
  readonly services: readonly string[];
  readonly spanCount: number;
  readonly errorCount: number;
  /** Microseconds since 1970. */
  readonly startUs: number;
  readonly endUs: number;
}

export interface TraceQuery {
  readonly service?: string | undefined;
  readonly operation?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly fromUs?: number | undefined;
  readonly toUs?: number | undefined;
  readonly minDurationUs?: number | undefined;
  readonly limit: number;
}

interface Entry {
  readonly trace: string;
  readonly positions: Position[];
  readonly spans: Set<string>;
  readonly services: Set<string>;
  root: { hasParent: boolean; startUs: number; name: string; service: string } | undefined;
  errorCount: number;
  startUs: number;
  endUs: number;
}

export class TraceStore {
  readonly #files: SpanFiles;
  /** In the order traces were first heard of. */
  readonly #entries = new Map<string, Entry>();
  /** Resolves when what earlier processes left has been found. */
  readonly ready: Promise<void>;

  constructor(dir: string, options: { spansMax: number }) {
    const onDrop = (file: number) => this.#forget(file);
    this.#files = new SpanFiles(dir, { spansMax: options.spansMax, onDrop });
    this.ready = this.#findEarlier();
  }

  add(spans: readonly SpanRecord[]): void {
    for (const span of spans) {
      // An id of zeros or of another length is not a span's: the specification says to ignore it.
      if (!/^(?!0+$)[0-9a-f]{32}$/.test(span.trace) || !/^(?!0+$)[0-9a-f]{16}$/.test(span.span)) {
        continue;
      }
      this.#index(span, this.#files.append(span));
    }
  }

  /** In order of their start. */
  spansOf(trace: string): SpanRecord[] {
    const spans = new Map<string, SpanRecord>();
    for (const position of this.#entries.get(trace)?.positions ?? []) {
      const span = this.#files.read(position);
      if (span !== undefined) spans.set(span.span, span);
    }
    return [...spans.values()].toSorted((a, b) => {
      const [one, other] = [BigInt(a.start), BigInt(b.start)];
      return one < other ? -1 : one > other ? 1 : 0;
    });
  }

  /** Newest first. */
  find(query: TraceQuery): TraceSummary[] {
    const { service, operation, tags, fromUs = 0, toUs = Infinity, minDurationUs = 0 } = query;
    const found: TraceSummary[] = [];
    const newest = [...this.#entries.values()].toSorted((a, b) => b.startUs - a.startUs);
    for (const entry of newest) {
      if (found.length >= query.limit) break;
      if (service !== undefined && !entry.services.has(service)) continue;
      if (entry.startUs < fromUs || entry.startUs > toUs) continue;
      if (entry.endUs - entry.startUs < minDurationUs) continue;
      if (operation !== undefined || tags !== undefined) {
        if (!this.spansOf(entry.trace).some((span) => matches(span, query))) continue;
      }
      found.push(summary(entry));
    }
    return found;
  }

  services(): string[] {
    const names = new Set<string>();
    for (const entry of this.#entries.values()) for (const one of entry.services) names.add(one);
    return [...names].toSorted();
  }

  operations(service: string): string[] {
    const names = new Set<string>();
    for (const { trace } of this.find({ service, limit: 200 })) {
      for (const span of this.spansOf(trace)) if (span.service === service) names.add(span.name);
    }
    return [...names].toSorted();
  }

  close(): void {
    this.#files.close();
  }

  async #findEarlier(): Promise<void> {
    try {
      for await (const { span, position } of this.#files.earlier()) this.#index(span, position);
    } catch {
      // A file that cannot be read is old news; what comes now is kept all the same.
    }
  }

  #index(span: SpanRecord, position: Position): void {
    const startUs = micros(span.start);
    const endUs = startUs + durationMicros(span);
    const entry = this.#entries.get(span.trace) ?? newEntry(span.trace, startUs);
    this.#entries.set(span.trace, entry);
    if (span.status === "error" && !entry.spans.has(span.span)) entry.errorCount += 1;
    entry.positions.push(position);
    entry.spans.add(span.span);
    entry.services.add(span.service);
    entry.startUs = Math.min(entry.startUs, startUs);
    entry.endUs = Math.max(entry.endUs, endUs);
    const hasParent = span.parent !== "";
    const { root } = entry;
    const better =
      root === undefined ||
      (root.hasParent && !hasParent) ||
      (root.hasParent === hasParent && startUs < root.startUs);
    if (better) entry.root = { hasParent, startUs, name: span.name, service: span.service };
  }

  #forget(file: number): void {
    for (const entry of this.#entries.values()) {
      const kept = entry.positions.filter((position) => position.file !== file);
      if (kept.length === entry.positions.length) continue;
      entry.positions.splice(0, entry.positions.length, ...kept);
      if (kept.length === 0) this.#entries.delete(entry.trace);
    }
  }
}

function newEntry(trace: string, startUs: number): Entry {
  return {
    trace,
    positions: [],
    spans: new Set(),
    services: new Set(),
    root: undefined,
    errorCount: 0,
    startUs,
    endUs: startUs,
  };
}

function summary(entry: Entry): TraceSummary {
  return {
    trace: entry.trace,
    name: entry.root?.name ?? "",
    service: entry.root?.service ?? "",
    services: [...entry.services].toSorted(),
    spanCount: entry.spans.size,
    errorCount: entry.errorCount,
    startUs: entry.startUs,
    endUs: entry.endUs,
  };
}

function matches(span: SpanRecord, query: TraceQuery): boolean {
  if (query.service !== undefined && span.service !== query.service) return false;
  if (query.operation !== undefined && span.name !== query.operation) return false;
  return Object.entries(query.tags ?? {}).every(([key, wanted]) => {
    if (key === "error") return (span.status === "error") === (wanted === "true");
    const value = span.attributes[key] ?? span.resource[key];
    return value !== undefined && String(value) === wanted;
  });
}
