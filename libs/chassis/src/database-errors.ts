// What an error of the database means for the one who asked. Works through wrappers (drizzle's, ours): the
// SQLSTATE is looked for along the chain of causes.

/** The five characters of SQLSTATE, or the client's own code such as CONNECTION_CLOSED or ECONNREFUSED. */
export function databaseCodeOf(thrown: unknown): string | undefined {
  let error: unknown = thrown;
  for (let depth = 0; depth < 8 && error instanceof Error; depth++) {
    if ("code" in error && typeof error.code === "string") return error.code;
    if (error instanceof AggregateError) error = error.errors[0];
    else error = error.cause;
  }
  return undefined;
}

/** The statement's own data was refused (class 22 data exception, 23 constraint): again will not help. */
export function isDataError(thrown: unknown): boolean {
  return /^2[23][0-9A-Z]{3}$/.test(databaseCodeOf(thrown) ?? "");
}

/** Two transactions got in each other's way: the same statement may well succeed now. */
export function isConflict(thrown: unknown): boolean {
  return /^(40001|40P01|55P03)$/.test(databaseCodeOf(thrown) ?? "");
}

const CLIENT_OUTAGES: ReadonlySet<string> = new Set([
  "CONNECTION_CLOSED",
  "CONNECTION_DESTROYED",
  "CONNECTION_ENDED",
  "CONNECT_TIMEOUT",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EPIPE",
  "ETIMEDOUT",
]);

// 08 connection, 53 no resources, 57P shut down or starting, 58 system error, 25006 the old primary is read-only
const SERVER_OUTAGE = /^(08[0-9A-Z]{3}|53[0-9A-Z]{3}|57P0[0-9]|58[0-9A-Z]{3}|25006)$/;

/** The database is away or unwell: nothing is wrong with what was asked. */
export function isOutage(thrown: unknown): boolean {
  const code = databaseCodeOf(thrown);
  return code !== undefined && (CLIENT_OUTAGES.has(code) || SERVER_OUTAGE.test(code));
}
