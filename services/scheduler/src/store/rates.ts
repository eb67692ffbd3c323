// Runs that a trigger rule with a rate limit asked for lately. Under the rule's lock.
import type { TransactionSql } from "postgres";
import type { Admitted } from "../core/rate.ts";

export async function loadAdmitted(
  tx: TransactionSql,
  dagId: string,
  rule: string,
): Promise<readonly Admitted[]> {
  const [row] = await tx<{ admitted: Admitted[] }[]>`
    select admitted from trigger_rate where dag_id = ${dagId} and rule = ${rule}`;
  return row?.admitted ?? [];
}

export async function putAdmitted(
  tx: TransactionSql,
  place: { readonly dagId: string; readonly rule: string },
  admitted: readonly Admitted[],
): Promise<void> {
  const list = tx.json(admitted.map((one) => ({ ...one })));
  await tx`
    insert into trigger_rate (dag_id, rule, admitted) values (${place.dagId}, ${place.rule}, ${list})
    on conflict (dag_id, rule) do update set admitted = excluded.admitted`;
}
