// Locks of what has no row yet, for the length of a transaction. A hash that two names share only makes one wait.
import type { TransactionSql } from "postgres";

export async function lockName(tx: TransactionSql, ...name: readonly string[]): Promise<void> {
  await tx`select pg_advisory_xact_lock(hashtextextended(${name.join("\u001f")}, 0))`;
}

/** False when somebody else has it. */
export async function tryLockName(
  tx: TransactionSql,
  ...name: readonly string[]
): Promise<boolean> {
  const [row] = await tx<{ locked: boolean }[]>`
    select pg_try_advisory_xact_lock(hashtextextended(${name.join("\u001f")}, 0)) as locked`;
  return row?.locked === true;
}
