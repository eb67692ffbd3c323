// What pages show and keep fresh: JSON that is read again, streams that are followed, the time that passes.
import { useCallback, useEffect, useEffectEvent, useRef, useState } from "react";
import { failureOf, getJson, type RequestFailure } from "./client.ts";

export interface Loaded<T> {
  readonly data: T | undefined;
  /** The last try failed; `data` is what was known before. */
  readonly failure: RequestFailure | undefined;
  reload(): void;
}

const RETRY_MS = 3_000;

/**
 * Reads a path, again every `everyMs` while the page is seen, and again after a failure. One reading at a time:
 * who asks again meanwhile gets another one after it.
 */
export function useJson<T>(path: string | undefined, everyMs = 0): Loaded<T> {
  const [state, setState] = useState<{ path?: string; data?: T; failure?: RequestFailure }>({});
  const readAgain = useRef<() => void>(() => {});
  useEffect(() => {
    if (path === undefined) return;
    const leaving = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let reading = false;
    let askedAgain = false;
    const read = async (): Promise<void> => {
      clearTimeout(timer);
      if (reading) {
        askedAgain = true;
        return;
      }
      reading = true;
      let waitMs = everyMs;
      try {
        const data = await getJson<T>(path, leaving.signal);
        setState({ path, data });
      } catch (error) {
        if (leaving.signal.aborted) return;
        const failure = failureOf(error);
        setState(({ path: known, data }) => ({
          path,
          ...(known === path && data !== undefined ? { data } : {}),
          failure,
        }));
        if (failure.status !== 404) waitMs = RETRY_MS;
      }
      reading = false;
      if (askedAgain) waitMs = 1;
      askedAgain = false;
      if (waitMs > 0) timer = setTimeout(whenSeen, waitMs);
    };
    const whenSeen = (): void => {
      if (document.hidden) timer = setTimeout(whenSeen, Math.max(everyMs, RETRY_MS));
      else void read();
    };
    readAgain.current = () => void read();
    void read();
    return () => {
      leaving.abort();
      clearTimeout(timer);
    };
  }, [path, everyMs]);
  const reload = useCallback(() => readAgain.current(), []);
  const current = state.path === path ? state : {};
  return { data: current.data, failure: current.failure, reload };
}

/** As useJson, and again whenever anything changed in any run. */
export function useFresh<T>(path: string | undefined): Loaded<T> {
  const loaded = useJson<T>(path, 15_000); // in case nobody said so
  const { reload } = loaded;
  useEvents("/api/changes", {
    changed: () => {
      if (!document.hidden) reload();
    },
  });
  return loaded;
}

export type StreamState = "connecting" | "live" | "ended" | "broken";

/**
 * Follows server-sent events; the browser reconnects by itself until the server says `end`. The handler `open` is
 * called at each connection: what comes after it begins anew.
 */
export function useEvents(
  path: string | undefined,
  handlers: Readonly<Record<string, (data: unknown) => void>>,
): StreamState {
  const [seen, setSeen] = useState<{ path?: string; state: StreamState }>({ state: "connecting" });
  const hear = useEffectEvent((name: string, event: Event) => handlers[name]?.(parsed(event)));
  const names = Object.keys(handlers).join(" ");
  useEffect(() => {
    if (path === undefined) return;
    const source = new EventSource(path);
    source.onopen = () => setSeen({ path, state: "live" });
    source.onerror = () => {
      const state = source.readyState === EventSource.CLOSED ? "broken" : "connecting";
      setSeen({ path, state });
    };
    source.addEventListener("end", () => {
      source.close();
      setSeen({ path, state: "ended" });
    });
    for (const name of names.split(" "))
      source.addEventListener(name, (event) => hear(name, event));
    return () => source.close();
  }, [path, names]);
  return seen.path === path ? seen.state : "connecting";
}

function parsed(event: Event): unknown {
  try {
    return event instanceof MessageEvent ? JSON.parse(String(event.data)) : undefined;
  } catch {
    return undefined;
  }
}

/** The time, fresh every `everyMs`. */
export function useNow(everyMs = 1_000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
