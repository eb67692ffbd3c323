// Which run do people mean? An id, a unique beginning of one, "<dag>/<key>", or "<dag>" for its newest run. A DAG is
// looked for under its earlier names, too.
import { RpcCode, RpcError } from "@chasqui/chassis";
import type { PostgresJsDatabase } from "drizzle-orm/postgres-js";
import type { Sql } from "postgres";
import { lineageOf } from "../store/lineage.ts";
import * as reads from "../store/reads.ts";

export interface FindRunOptions {
  readonly db: PostgresJsDatabase;
  readonly sql: Sql;
}

export async function findRun({ db, sql }: FindRunOptions, name: string): Promise<reads.RunRecord> {
  if (name === "") throw new RpcError(RpcCode.INVALID_ARGUMENT, "run_id is empty: want a run's id");
  const exact = await reads.runById(db, name);
  if (exact !== undefined) return exact;
  if (name.startsWith("run-")) {
    const [found, another] = await reads.runsByPrefix(db, name);
    if (found !== undefined && another === undefined) return found;
    if (found !== undefined)
      throw new RpcError(
        RpcCode.INVALID_ARGUMENT,
        `run ${name}: more than one run begins so: want more of its id`,
      );
  }
  const slash = name.indexOf("/");
  const dagIds = await lineageOf(sql, slash < 0 ? name : name.slice(0, slash));
  const found = await reads.newestRun(db, dagIds, ...(slash < 0 ? [] : [name.slice(slash + 1)]));
  if (found !== undefined) return found;
  throw new RpcError(
    RpcCode.NOT_FOUND,
    `no run ${JSON.stringify(name)}: want a run's id, the beginning of one, "<dag>/<key>", or a DAG with runs`,
  );
}
