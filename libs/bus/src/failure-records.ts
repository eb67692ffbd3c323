// The failures of the messages of one consumer, by stream sequence; the oldest are forgotten first.
import { afterFailure, type FailureRecord } from "./settle.ts";

const RECORDS_MAX = 10_000;

export interface FailureRecords {
  succeeded(sequence: number): void;
  /** Counts one more failure of the message. */
  failed(sequence: number): FailureRecord;
  /** It is gone for good. */
  forget(sequence: number): void;
}

export function createFailureRecords(): FailureRecords {
  const records = new Map<number, FailureRecord>();
  const totals = { successes: 0, failures: 0 };
  return {
    succeeded(sequence) {
      totals.successes++;
      records.delete(sequence);
    },
    failed(sequence) {
      totals.failures++;
      const record = afterFailure(records.get(sequence), totals);
      records.delete(sequence); // so that it becomes the youngest
      records.set(sequence, record);
      if (records.size > RECORDS_MAX)
        for (const oldest of records.keys()) {
          records.delete(oldest);
          break;
        }
      return record;
    },
    forget: (sequence) => void records.delete(sequence),
  };
}
