// PoolService: how many slots there are, who holds some, who waits. Reads come from the rows; a new size is a command.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { ServiceImplementation } from "@chasqui/chassis";
import { RpcCode, RpcError, authorize, implementation } from "@chasqui/chassis";
import type { PoolClaimSchema, PoolSchema } from "@chasqui/contracts";
import { PoolService, deriveId } from "@chasqui/contracts";
import { quote, suggest } from "@chasqui/dag/text";
import { lineOf } from "@chasqui/machine";
import type { PoolClaim, PoolState } from "@chasqui/machine";
import type { Sql } from "postgres";
import { setPool } from "../say/pool-messages.ts";
import { loadPools } from "../store/load.ts";
import { listPools, poolNames } from "../store/pool-reads.ts";
import type { Ask } from "./commands.ts";
import { accepted } from "./commands.ts";

export interface PoolServiceOptions {
  readonly sql: Sql;
  readonly ask: Ask;
  readonly clock: () => number;
}

const CLAIMS_MAX = 1_000;
const SLOTS_MAX = 10_000;
const NAME = /^[a-z][a-z0-9_-]{0,62}$/;

export function poolService({ sql, ask, clock }: PoolServiceOptions): ServiceImplementation {
  async function find(name: string): Promise<PoolState> {
    const [pool] = await loadPools(sql, [name]);
    if (pool !== undefined && pool.version > 0) return pool.state;
    const known = await poolNames(sql);
    const hint = known.length === 0 ? "there is none yet" : suggest(name, known);
    throw new RpcError(RpcCode.NOT_FOUND, `no pool is called ${quote(name)}: ${hint}`);
  }

  return implementation(PoolService, {
    async listPools(request, context) {
      authorize(context.principal, "read", "pool/*");
      const rows = await listPools(sql, request);
      return {
        pools: rows.map(({ pool, size, declared, used, waiting }) => ({
          ...{ name: pool, slots: size, used, waiting, isLimit: pool.includes("/") },
          ...(declared === null ? {} : { declaredSlots: declared }),
        })),
      };
    },

    async getPool(request, context) {
      authorize(context.principal, "read", `pool/${request.name}`);
      const state = await find(request.name);
      const held = [...state.claims.values()].filter(({ grantedMs }) => grantedMs !== undefined);
      const byTime = held.toSorted((a, b) => (a.grantedMs ?? 0) - (b.grantedMs ?? 0));
      return {
        pool: poolView(state),
        holders: byTime.slice(0, CLAIMS_MAX).map(claimView),
        waiters: lineOf(state).slice(0, CLAIMS_MAX).map(claimView),
      };
    },

    async setPool(request, context) {
      const { name, slots } = request;
      authorize(context.principal, "set", `pool/${name}`);
      if (!NAME.test(name))
        throw new RpcError(
          RpcCode.INVALID_ARGUMENT,
          `pool ${quote(name)}: want lower-case letters, digits, - or _`,
        );
      if (slots > SLOTS_MAX)
        throw new RpcError(
          RpcCode.INVALID_ARGUMENT,
          `pool ${quote(name)}: ${slots} slots: want at most ${SLOTS_MAX}`,
        );
      const reason = request.reason || (context.reason ?? "");
      const wanted = { pool: name, slots, by: context.principal, reason };
      const id = deriveId("set", name, slots, clock());
      const say = (replyTo: string) => setPool(wanted, id, { declared: false, replyTo });
      const { changed } = accepted(await ask(say, context.signal));
      return { pool: poolView(await find(name)), changed };
    },
  });
}

function poolView(state: PoolState): MessageInitShape<typeof PoolSchema> {
  const { pool: name, size: slots, out: used, declared } = state;
  const waiting = [...state.claims.values()].filter(({ grantedMs }) => grantedMs === undefined);
  return {
    ...{ name, slots, used, waiting: waiting.length, isLimit: name.includes("/") },
    ...(declared === undefined ? {} : { declaredSlots: declared }),
  };
}

function claimView(claim: PoolClaim): MessageInitShape<typeof PoolClaimSchema> {
  const { dagId, runId, taskId, mapIndex, attempt, priority, askedMs, grantedMs } = claim;
  return {
    ...{ dagId, runId, taskId, mapIndex, attempt, priority },
    slots: grantedMs === undefined ? claim.slots : claim.taken,
    askedTime: timestampFromMs(askedMs),
    ...(grantedMs === undefined ? {} : { grantedTime: timestampFromMs(grantedMs) }),
  };
}
