// Addresses of pages: the browser's own history, no library.
import { useSyncExternalStore, type MouseEvent, type ReactNode } from "react";

const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener("popstate", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("popstate", listener);
  };
}

export interface Place {
  /** Path segments, decoded: `/runs/run-1` is ["runs", "run-1"]. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
}

export function usePlace(): Place {
  const href = useSyncExternalStore(subscribe, () => location.pathname + location.search);
  const url = new URL(href, location.origin);
  const path = url.pathname.split("/").filter((segment) => segment !== "");
  return { path: path.map(decoded), query: url.searchParams };
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** `replace` keeps the way back: for filters and selections. */
export function navigate(to: string, options: { readonly replace?: boolean } = {}): void {
  if (options.replace === true) history.replaceState(null, "", to);
  else {
    history.pushState(null, "", to);
    scrollTo(0, 0);
  }
  for (const listener of listeners) listener();
}

/** The present address with other query values; an empty one is left out. */
export function withQuery(changes: Readonly<Record<string, string>>): string {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes))
    if (value === "") query.delete(name);
    else query.set(name, value);
  const text = query.toString();
  return location.pathname + (text === "" ? "" : `?${text}`);
}

export interface LinkProps {
  readonly to: string;
  readonly children: ReactNode;
  readonly className?: string;
  readonly title?: string;
  readonly current?: boolean;
  /** Keeps the way back, and where one is. */
  readonly replace?: boolean;
}

export function Link({ to, children, className, title, current, replace = false }: LinkProps) {
  const follow = (event: MouseEvent): void => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
      return;
    event.preventDefault();
    navigate(to, { replace });
  };
  return (
    <a
      href={to}
      className={className}
      title={title}
      onClick={follow}
      aria-current={current === true ? "page" : undefined}
    >
      {children}
    </a>
  );
}

export const runPath = (runId: string): string => `/runs/${encodeURIComponent(runId)}`;
export const dagPath = (dagId: string): string => `/dags/${encodeURIComponent(dagId)}`;
export const backfillPath = (id: string): string => `/backfills/${encodeURIComponent(id)}`;
