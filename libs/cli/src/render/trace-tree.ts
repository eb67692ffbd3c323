// A trace as a tree: who called whom, after how long and for how long.
import { printable } from "./style.ts";
import type { Style } from "./style.ts";
import { cut, padEnd, padStart, widthOf } from "./text.ts";
import { formatSpan } from "./time.ts";

export interface Span {
  readonly spanId: string;
  readonly parentId: string | undefined;
  readonly name: string;
  readonly service: string;
  readonly startMs: number;
  readonly durationMs: number;
  readonly error: boolean;
}

export interface SpanNode extends Span {
  readonly children: readonly SpanNode[];
}

/** Roots first; spans whose parent is not there are roots, so that nothing is hidden. Children by start. */
export function treeOf(spans: readonly Span[]): SpanNode[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const byParent = new Map<string | undefined, Span[]>();
  for (const span of spans) {
    const known =
      span.parentId !== undefined && span.parentId !== span.spanId && ids.has(span.parentId);
    const parent = known ? span.parentId : undefined;
    const siblings = byParent.get(parent);
    if (siblings === undefined) byParent.set(parent, [span]);
    else siblings.push(span);
  }
  const seen = new Set<string>();
  const build = (parent: string | undefined): SpanNode[] =>
    (byParent.get(parent) ?? [])
      .filter(({ spanId }) => !seen.has(spanId))
      .sort((a, b) => a.startMs - b.startMs)
      .map((span) => {
        seen.add(span.spanId);
        return { ...span, children: build(span.spanId) };
      });
  const roots = build(undefined);
  for (const span of spans)
    // parents in a circle
    if (!seen.has(span.spanId)) roots.push({ ...span, children: [] });
  return roots;
}

/** One line per span: the tree, the service, the start after the trace's, the duration. */
export function renderTree(
  roots: readonly SpanNode[],
  { style, width }: { readonly style: Style; readonly width: number },
): string[] {
  const rows: { tree: string; span: SpanNode }[] = [];
  const walk = (nodes: readonly SpanNode[], lead: string, isRoot: boolean): void => {
    for (const [index, span] of nodes.entries()) {
      const last = index === nodes.length - 1;
      rows.push({
        tree: `${isRoot ? "" : lead + (last ? "└─ " : "├─ ")}${printable(span.name)}`,
        span,
      });
      walk(span.children, isRoot ? "" : lead + (last ? "   " : "│  "), false);
    }
  };
  walk(roots, "", true);
  const zero = Math.min(...rows.map(({ span }) => span.startMs));
  const cells = rows.map(({ tree, span }) => ({
    tree,
    service: printable(span.service),
    start: `+${formatSpan(span.startMs - zero)}`,
    took: formatSpan(span.durationMs),
    error: span.error,
  }));
  const column = (key: "service" | "start" | "took"): number =>
    Math.max(0, ...cells.map((cell) => widthOf(cell[key])));
  const fixed = column("service") + column("start") + column("took") + 6;
  const treeWidth = Math.min(
    Math.max(20, width - fixed),
    Math.max(0, ...cells.map(({ tree }) => widthOf(tree))),
  );
  return cells.map(({ tree, service, start, took, error }) => {
    const name = padEnd(cut(tree, treeWidth), treeWidth);
    const rest = `${padEnd(service, column("service"))}  ${padStart(start, column("start"))}  ${padStart(took, column("took"))}`;
    return `${error ? style.red(name) : name}  ${style.dim(rest)}`;
  });
}
