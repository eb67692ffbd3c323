// Folders whose checks look at other DAGs (circles, renames) are applied one after another in the whole installation:
// what was checked is true still when it is committed. Two halves of a circle, applied at once, would each be alone.
import type { Sql } from "postgres";

/** Does the work when no other has such a turn, in this process or in another. */
export type Turns = <T>(work: () => Promise<T>) => Promise<T>;

/** A process waits with one connection at most: the one whose turn it is needs some, too. */
export function createTurns(sql: Sql): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(() => locked(sql, work));
    last = turn.catch(() => undefined);
    return turn;
  };
}

/** The lock is the transaction's: whoever dies lets go. */
async function locked<T>(sql: Sql, work: () => Promise<T>): Promise<T> {
  const { done } = await sql.begin(async (transaction) => {
    await transaction`select pg_advisory_xact_lock(hashtextextended('chasqui apply', 0))`;
    return { done: await work() };
  });
  return done as T; // postgres.js types an array in there otherwise
}
