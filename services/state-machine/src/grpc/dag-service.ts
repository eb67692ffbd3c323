// DagService: the life of DAGs. A specification is stored by its meaning first (immutable, harmless), then a command
// makes it current.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { CallContext, ServiceImplementation } from "@chasqui/chassis";
import { RpcCode, RpcError, authorize, implementation } from "@chasqui/chassis";
import type { DagSchema, DagSpec } from "@chasqui/contracts";
import { DagService, deriveId } from "@chasqui/contracts";
import { canonicalSpec, fingerprintOf, formatPolicy } from "@chasqui/dag";
import { quote, suggest } from "@chasqui/dag/text";
import type { PostgresJsDatabase } from "drizzle-orm/postgres-js";
import type { DagRules, Finding } from "../dag-rules.ts";
import { effectiveSpec } from "../say/dag-events.ts";
import { inboxMessage } from "../say/messages.ts";
import * as reads from "../store/reads.ts";
import type { Versions } from "../store/versions.ts";
import type { Ask } from "./commands.ts";
import { accepted } from "./commands.ts";

export interface DagServiceOptions {
  readonly db: PostgresJsDatabase;
  readonly ask: Ask;
  readonly versions: Versions;
  readonly clock: () => number;
  readonly rules: DagRules;
  /** The installation's pools. */
  readonly pools: () => Promise<readonly string[]>;
}

/** A task in line for a pool that is not there would wait for ever. */
function refuseUnknownPools(specs: readonly DagSpec[], known: readonly string[]): void {
  const problems = specs.flatMap((spec) =>
    spec.tasks
      .filter(({ pool }) => pool !== "" && !known.includes(pool))
      .map(({ id, pool }) => {
        const none = known.length === 0 ? "there is none yet" : suggest(pool, known);
        return `${spec.id}: task ${quote(id)}: pool ${quote(pool)}: no such pool; ${none}; make it with chasqui pools set ${pool} <slots>`;
      }),
  );
  if (problems.length > 0) throw new RpcError(RpcCode.INVALID_ARGUMENT, problems.join("\n"));
}

type DagView = MessageInitShape<typeof DagSchema>;
type DagRow = NonNullable<Awaited<ReturnType<typeof reads.dagById>>>;

export function dagService(options: DagServiceOptions): ServiceImplementation {
  const { db, ask, versions, clock } = options;

  /** `startsOnly`: for whoever starts runs; of a retired DAG nothing does. */
  async function viewOf(
    row: DagRow,
    { number = row.number, startsOnly = false }: { number?: number; startsOnly?: boolean } = {},
  ): Promise<DagView> {
    const version = await reads.versionOf(db, row.dagId, number);
    const stored = version && (await versions.get(row.dagId, version.fingerprint));
    if (version === undefined || stored === undefined)
      throw new RpcError(
        RpcCode.NOT_FOUND,
        `DAG ${row.dagId} has no version ${number}: the current one is ${row.number}`,
      );
    return {
      dagId: row.dagId,
      version: number,
      fingerprint: version.fingerprint,
      paused: row.paused,
      pausedBy: row.pausedBy,
      pauseReason: row.pauseReason,
      retired: row.retired,
      spec: startsOnly ? effectiveSpec(stored.spec, row.retired) : stored.spec,
      appliedTime: timestampFromMs(version.appliedAt.getTime()),
    };
  }

  async function find(dagId: string): Promise<DagRow> {
    const row = await reads.dagById(db, dagId);
    if (row !== undefined) return row;
    const known = (await reads.listDags(db)).map((dag) => dag.dagId).slice(0, 20);
    const hint = known.length === 0 ? "none is applied yet" : `there are ${known.join(", ")}`;
    throw new RpcError(RpcCode.NOT_FOUND, `no DAG is called ${JSON.stringify(dagId)}: ${hint}`);
  }

  async function makeCurrent(
    spec: DagSpec,
    why: { readonly note: string; readonly commit: string },
    context: CallContext,
  ) {
    const fingerprint = fingerprintOf(spec);
    await versions.put(spec, fingerprint);
    const value = { dagId: spec.id, fingerprint, by: context.principal, ...why };
    const id = deriveId("apply", spec.id, fingerprint, clock());
    const say = (replyTo: string) =>
      inboxMessage("dag", spec.id, id, { case: "applyVersion", value }, { replyTo });
    const verdict = accepted(await ask(say, context.signal));
    const { number } = await find(spec.id);
    return { dagId: spec.id, version: number, fingerprint, changed: verdict.changed };
  }

  return implementation(DagService, {
    async applyDags(request, context) {
      for (const { id } of request.dags) authorize(context.principal, "apply", `dag/${id}`);
      const specs = request.dags.map(canonicalSpec);
      const findings = await options.rules.judge(specs);
      refuseDenied(findings);
      refuseUncarriedKinds(specs);
      refuseUnknownPools(specs, await options.pools());
      const { commit } = request;
      const why = { note: request.note || (context.reason ?? ""), commit };
      const dags = [];
      for (const spec of specs) dags.push(await makeCurrent(spec, why, context));
      return { dags, findings };
    },

    async checkDags(request, context) {
      for (const { id } of request.dags) authorize(context.principal, "read", `dag/${id}`);
      return { findings: await options.rules.judge(request.dags.map(canonicalSpec)) };
    },

    async listDags(_request, context) {
      authorize(context.principal, "read", "dag/*");
      const rows = await reads.listDags(db);
      return { dags: await Promise.all(rows.map((row) => viewOf(row, { startsOnly: true }))) };
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
      const rows = await reads.versionsOf(db, dagId);
      return {
        versions: rows.map(({ number, appliedAt, appliedBy, commitId, fingerprint, note }) => ({
          version: number,
          fingerprint,
          appliedTime: timestampFromMs(appliedAt.getTime()),
          appliedBy,
          note,
          commit: commitId,
        })),
      };
    },

    async retireDag(request, context) {
      authorize(context.principal, "retire", `dag/${request.dagId}`);
      const { dagId } = await find(request.dagId);
      const reason = request.reason || (context.reason ?? "");
      const value = { dagId, by: context.principal, reason };
      const id = deriveId("retire", dagId, clock());
      const say = (replyTo: string) =>
        inboxMessage("dag", dagId, id, { case: "retireDag", value }, { replyTo });
      accepted(await ask(say, context.signal));
      return { dag: await viewOf(await find(dagId)) };
    },
  });
}

/** Kinds of the language that nobody carries out: their tasks would wait for ever. `simulate` knows them. */
const UNCARRIED_KINDS: ReadonlySet<string> = new Set(["approval"]);

function refuseUncarriedKinds(specs: readonly DagSpec[]): void {
  const found = specs.flatMap(({ id, tasks }) =>
    tasks
      .filter(({ uses }) => UNCARRIED_KINDS.has(uses))
      .map(
        (task) =>
          `${id}: task \`${task.id}\` uses ${task.uses}, which this server does not carry out`,
      ),
  );
  if (found.length > 0) throw new RpcError(RpcCode.UNIMPLEMENTED, found.join("\n"));
}

function refuseDenied(findings: readonly Finding[]): void {
  const denied = findings.filter((finding) => finding.denied);
  if (denied.length === 0) return;
  const isPolicy = denied.every(({ policy }) => policy !== undefined);
  const code = isPolicy ? RpcCode.FAILED_PRECONDITION : RpcCode.INVALID_ARGUMENT;
  throw new RpcError(code, denied.map(inWords).join("\n"));
}

/** `costs: task `mail`: … at tasks.mail.with.image (policy pinned, policies/images.yaml:12:11: …)` */
function inWords({ dagId, message, path = [], policy }: Finding): string {
  const where = path.length === 0 ? "" : ` at ${path.join(".")}`;
  if (policy === undefined) return `${dagId}: ${message}${where}`;
  const { policyId: id = "", rule = "", place = "" } = policy;
  return `${dagId}: ${message}${where} (${formatPolicy({ id, rule, place })})`;
}
