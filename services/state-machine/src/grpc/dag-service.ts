// DagService: the life of DAGs. How a folder of them is applied is in apply-dags.ts.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { ServiceImplementation } from "@chasqui/chassis";
import { RpcCode, RpcError, authorize, implementation } from "@chasqui/chassis";
import type { DagSchema } from "@chasqui/contracts";
import { DagService, deriveId } from "@chasqui/contracts";
import { canonicalSpec } from "@chasqui/dag";
import type { PostgresJsDatabase } from "drizzle-orm/postgres-js";
import type { Sql } from "postgres";
import type { DagRules } from "../dag-rules.ts";
import { effectiveSpec } from "../say/dag-events.ts";
import { inboxMessage } from "../say/messages.ts";
import { lineageOf } from "../store/lineage.ts";
import * as reads from "../store/reads.ts";
import type { Versions } from "../store/versions.ts";
import type { Ask } from "./commands.ts";
import { applyDags, retireOne } from "./apply-dags.ts";
import { accepted } from "./commands.ts";
import { judgeFolder } from "./judge-folder.ts";
import { previewPause } from "./preview-pause.ts";

export interface DagServiceOptions {
  readonly db: PostgresJsDatabase;
  readonly sql: Sql;
  readonly ask: Ask;
  readonly versions: Versions;
  readonly clock: () => number;
  readonly rules: DagRules;
  /** The installation's pools. */
  readonly pools: () => Promise<readonly string[]>;
}

type DagView = MessageInitShape<typeof DagSchema>;
type DagRow = NonNullable<Awaited<ReturnType<typeof reads.dagById>>>;

interface ViewOptions {
  readonly number?: number;
  readonly startsOnly?: boolean;
  readonly withoutTasks?: boolean;
}

export function dagService(options: DagServiceOptions): ServiceImplementation {
  const { db, sql, ask, versions, clock } = options;

  /** `startsOnly`: for whoever starts runs; of a retired DAG nothing does. */
  async function viewOf(
    row: DagRow,
    { number = row.number, startsOnly = false, withoutTasks = false }: ViewOptions = {},
  ): Promise<DagView> {
    const version = await reads.versionOf(db, row.dagId, number);
    const stored = version && (await versions.get(row.dagId, version.fingerprint));
    if (version === undefined || stored === undefined)
      throw new RpcError(
        RpcCode.NOT_FOUND,
        `DAG ${row.dagId} has no version ${number}: the current one is ${row.number}`,
      );
    const spec = startsOnly ? effectiveSpec(stored.spec, row.retired) : stored.spec;
    const retired = row.retired ? await reads.retiredMs(db, row.dagId) : undefined;
    return {
      dagId: row.dagId,
      version: number,
      fingerprint: version.fingerprint,
      paused: row.paused,
      pausedBy: row.pausedBy,
      pauseReason: row.pauseReason,
      retired: row.retired,
      spec: withoutTasks ? { ...spec, tasks: [], groups: [] } : spec,
      appliedTime: timestampFromMs(version.appliedAt.getTime()),
      ...(retired === undefined ? {} : { retiredTime: timestampFromMs(retired) }),
    };
  }

  async function find(dagId: string): Promise<DagRow> {
    const row = await reads.dagById(db, dagId);
    if (row !== undefined) return row;
    const known = (await reads.listDags(db)).map((dag) => dag.dagId).slice(0, 20);
    const hint = known.length === 0 ? "none is applied yet" : `there are ${known.join(", ")}`;
    throw new RpcError(RpcCode.NOT_FOUND, `no DAG is called ${JSON.stringify(dagId)}: ${hint}`);
  }

  return implementation(DagService, {
    applyDags: applyDags(options),

    async checkDags(request, context) {
      for (const { id } of request.dags) authorize(context.principal, "read", `dag/${id}`);
      const specs = request.dags.map(canonicalSpec);
      return { findings: await judgeFolder(options, specs, request.retireDagIds) };
    },

    async listDags({ pageSize, pageToken: after, startsOnly: withoutTasks }, context) {
      authorize(context.principal, "read", "dag/*");
      const rows = await reads.listDags(db, pageSize === 0 ? {} : { after, limit: pageSize });
      const dags = await Promise.all(
        rows.map((row) => viewOf(row, { startsOnly: true, withoutTasks })),
      );
      const last = pageSize > 0 && rows.length === pageSize ? rows.at(-1)?.dagId : undefined;
      return { dags: dags, nextPageToken: last ?? "" };
    },

    async getDag(request, context) {
      authorize(context.principal, "read", `dag/${request.dagId}`);
      const row = await find(request.dagId);
      const number = request.version === 0 ? row.number : request.version;
      return { dag: await viewOf(row, { number }) };
    },

    async setPaused(request, context) {
      authorize(context.principal, "pause", `dag/${request.dagId}`);
      const { dagId } = await find(request.dagId);
      if (request.dryRun)
        return {
          dag: await viewOf(await find(dagId)),
          changes: await previewPause(options, dagId, request.paused),
        };
      const reason = request.reason || (context.reason ?? "");
      const value = { dagId, paused: request.paused, by: context.principal, reason };
      const id = deriveId("pause", dagId, String(request.paused), clock());
      const say = (replyTo: string) =>
        inboxMessage("dag", dagId, id, { case: "setPaused", value }, { replyTo });
      accepted(await ask(say, context.signal));
      return { dag: await viewOf(await find(dagId)) };
    },

    async listDagVersions(request, context) {
      authorize(context.principal, "read", `dag/${request.dagId}`);
      const { dagId } = await find(request.dagId);
      const rows = await reads.versionsOf(db, await lineageOf(sql, dagId));
      return {
        versions: rows.map(({ number, appliedAt, commitId, ...row }) => ({
          ...{ dagId: row.dagId, version: number, fingerprint: row.fingerprint },
          appliedTime: timestampFromMs(appliedAt.getTime()),
          ...{ appliedBy: row.appliedBy, note: row.note, commit: commitId },
        })),
      };
    },

    async retireDag(request, context) {
      authorize(context.principal, "retire", `dag/${request.dagId}`);
      const { dagId } = await find(request.dagId);
      const reason = request.reason || (context.reason ?? "");
      await retireOne(options, dagId, reason, context);
      return { dag: await viewOf(await find(dagId)) };
    },
  });
}
