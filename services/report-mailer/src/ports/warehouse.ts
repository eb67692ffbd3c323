// What a report's database looks like from here.
import type { BoundQuery } from "@chasqui/runner";
import type { Evidence } from "../core/delivery.ts";
import type { Row } from "../core/rows.ts";

export interface NamedQuery {
  /** What the author calls it: recipients.query, data.query. */
  readonly name: string;
  readonly query: BoundQuery;
  readonly rowsMax: number;
}

/** Why a query gave no rows. `config`: the query or its connection is wrong; `upstream`: the database is away. */
export class QueryError extends Error {
  override readonly name = "QueryError";
  readonly kind: "config" | "upstream" | "timeout";
  readonly evidence: Evidence;
  constructor(
    kind: "config" | "upstream" | "timeout",
    message: string,
    options: ErrorOptions & { readonly evidence: Evidence },
  ) {
    super(message, options);
    this.kind = kind;
    this.evidence = options.evidence;
  }
}

/** Runs queries in one read-only snapshot, in order. Rejects with QueryError. */
export type ReadWarehouse = (
  queries: readonly NamedQuery[],
  options: { readonly signal: AbortSignal },
) => Promise<Row[][]>;
