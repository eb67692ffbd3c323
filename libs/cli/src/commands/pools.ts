// `chasqui pools`: slots, who holds them, who waits.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Pool, PoolClaim } from "@chasqui/contracts";
import { printJson, printLines } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { exitCodes } from "../errors.ts";
import type { ExitCode } from "../errors.ts";
import { renderTable } from "../render/table.ts";
import { formatInstant } from "../render/time.ts";
import { time } from "../run-view.ts";
import { shortId } from "./run.ts";

interface Json {
  readonly json?: boolean;
}

const columns = (...titles: string[]) => titles.map((title) => ({ title }));

export async function listPools(
  cli: Cli,
  options: Json & { readonly limits?: boolean },
): Promise<ExitCode> {
  const server = await cli.connect();
  const { pools } = await server.pools.listPools({ limits: options.limits === true });
  if (options.json === true) printJson(cli.out, { pools: pools.map(viewPool) });
  else if (pools.length === 0)
    printLines(cli.err, ["no pools: environments/<env>.yaml or `chasqui pools set` makes some"]);
  else {
    const rows = pools.map((pool) => [
      pool.name,
      String(pool.slots),
      String(pool.used),
      String(pool.waiting),
      pool.isLimit ? "limit of a DAG" : (pool.declaredSlots?.toString() ?? "not there"),
    ]);
    const { style } = cli.out;
    printLines(
      cli.out,
      renderTable(columns("POOL", "SLOTS", "USED", "WAITING", "IN THE FILE"), rows, {
        style,
        width: cli.out.columns,
      }),
    );
  }
  return exitCodes.ok;
}

export async function showPool(cli: Cli, name: string, options: Json): Promise<ExitCode> {
  const server = await cli.connect();
  const { pool, holders, waiters } = await server.pools.getPool({ name });
  if (pool === undefined) return exitCodes.notFound;
  if (options.json === true) {
    printJson(cli.out, {
      pool: viewPool(pool),
      holders: holders.map(viewClaim),
      waiters: waiters.map(viewClaim),
    });
    return exitCodes.ok;
  }
  const lines = [`${pool.name}: ${pool.used} of ${pool.slots} slots out, ${pool.waiting} waiting`];
  const rows = [
    ...holders.map((claim) => ["holds", ...cells(claim)]),
    ...waiters.map((claim) => ["waits", ...cells(claim)]),
  ];
  if (rows.length > 0) {
    const titles = columns("", "TASK", "RUN", "ATTEMPT", "SLOTS", "PRIORITY", "SINCE");
    lines.push("", ...renderTable(titles, rows, { style: cli.out.style, width: cli.out.columns }));
  }
  printLines(cli.out, lines);
  return exitCodes.ok;
}

export async function setPool(
  cli: Cli,
  name: string,
  slots: number,
  options: Json & { readonly reason?: string },
): Promise<ExitCode> {
  const server = await cli.connect();
  const { reason = "" } = options;
  const { pool, changed } = await server.pools.setPool({ name, slots, reason }, { reason });
  if (options.json === true && pool !== undefined)
    printJson(cli.out, { pool: viewPool(pool), changed });
  else printLines(cli.out, [`${name} has ${slots} slots${changed ? "" : " already"}`]);
  return exitCodes.ok;
}

const viewPool = (pool: Pool): object => ({
  name: pool.name,
  slots: pool.slots,
  used: pool.used,
  waiting: pool.waiting,
  is_limit: pool.isLimit,
  ...(pool.declaredSlots === undefined ? {} : { declared_slots: pool.declaredSlots }),
});

const viewClaim = (claim: PoolClaim): object => ({
  dag_id: claim.dagId,
  run_id: claim.runId,
  task_id: claim.taskId,
  ...(claim.mapIndex < 0 ? {} : { map_index: claim.mapIndex }),
  attempt: claim.attempt,
  slots: claim.slots,
  priority: claim.priority,
  ...time("asked_time", claim.askedTime),
  ...time("granted_time", claim.grantedTime),
});

function cells(claim: PoolClaim): string[] {
  const { dagId, taskId, mapIndex } = claim;
  const since = claim.grantedTime ?? claim.askedTime;
  return [
    `${dagId}/${taskId}${mapIndex < 0 ? "" : `[${mapIndex}]`}`,
    shortId(claim.runId),
    String(claim.attempt),
    String(claim.slots),
    String(claim.priority),
    since === undefined ? "" : formatInstant(timestampMs(since)),
  ];
}
