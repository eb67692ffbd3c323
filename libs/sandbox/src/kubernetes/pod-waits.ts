// What a worker waits for. Every wait ends when the pod is to go.
import { CONFIG_MAPS, SECRETS } from "./resources.ts";
import type { ObjectStore } from "./store.ts";

export function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true }),
  );
}

export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}

/** The next change of any Secret or ConfigMap. Listens from the moment it is called. */
export function configChange(
  store: ObjectStore,
  signal: AbortSignal,
): { happened: Promise<void>; ignore(): void } {
  let ignore = () => {};
  const happened = new Promise<void>((resolve) => {
    const stop = store.onChange(({ resource }) => {
      if (resource === SECRETS || resource === CONFIG_MAPS) done();
    });
    const done = () => {
      stop();
      signal.removeEventListener("abort", done);
      resolve();
    };
    ignore = done;
    signal.addEventListener("abort", done, { once: true });
  });
  return { happened, ignore };
}
