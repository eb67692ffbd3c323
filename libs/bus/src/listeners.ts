// Who wants to know of an event of the connection.
import { reasonOf } from "./errors.ts";
import type { BusLog } from "./types.ts";

export type Unlisten = () => void;

export class Listeners<T extends unknown[]> {
  readonly #all = new Set<{ readonly call: (...args: T) => void }>();

  add(call: (...args: T) => void): Unlisten {
    const entry = { call };
    this.#all.add(entry);
    return () => void this.#all.delete(entry);
  }
  /** Calls all, whatever one of them throws. */
  tell(log: BusLog, ...args: T): void {
    for (const { call } of this.#all) {
      try {
        call(...args);
      } catch (thrown) {
        log.error({ err: reasonOf(thrown) }, "bus: a listener threw");
      }
    }
  }
}
