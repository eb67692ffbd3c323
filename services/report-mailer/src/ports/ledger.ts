// What the delivery ledger looks like from here; store/ keeps it in PostgreSQL.
import type { Delivery } from "../core/delivery.ts";

/** The ledger of one report and period. */
export interface Ledger {
  load(keys: readonly string[]): Promise<Map<string, Delivery>>;
  /** Durable when it resolves. False when the row is no longer what `next` was decided from. */
  put(key: string, next: Delivery): Promise<boolean>;
}

/** Time, as an argument. */
export interface Clock {
  /** Milliseconds that only ever rise. */
  monotonicMs(): number;
  /** Resolves early when the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}
