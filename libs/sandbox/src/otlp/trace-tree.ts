// The spans of a trace as rows of a waterfall: parents before children, siblings by start.
// Invariants: every span is one row, whatever its parents say (missing, or in a circle); a span
// whose parent is not in the trace is marked, not hidden.
import type { SpanRecord } from "./span.ts";

export interface TreeRow {
  readonly span: SpanRecord;
  readonly depth: number;
  readonly childCount: number;
  /** It names a parent that is not here (yet). */
  readonly parentMissing: boolean;
}

/** Spans in order of their start. */
export function treeRows(spans: readonly SpanRecord[]): TreeRow[] {
  const known = new Set(spans.map(({ span }) => span));
  const children = Map.groupBy(spans, ({ parent }) => parent);
  const rows: TreeRow[] = [];
  const placed = new Set<string>();
  const place = (first: SpanRecord) => {
    const stack = [{ span: first, depth: 0 }];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const { span, depth } = next;
      if (placed.has(span.span)) continue;
      placed.add(span.span);
      const below = children.get(span.span) ?? [];
      const parentMissing = span.parent !== "" && !known.has(span.parent);
      rows.push({ span, depth, childCount: below.length, parentMissing });
      for (const child of below.toReversed()) stack.push({ span: child, depth: depth + 1 });
    }
  };
  for (const span of spans) if (span.parent === "" || !known.has(span.parent)) place(span);
  for (const span of spans) if (!placed.has(span.span)) place(span); // parents in a circle
  return rows;
}
